// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

/**
 * Structures and constants of io_uring (include/uapi/linux/io_uring.h; io_uring_setup(2)).
 *
 * <pre>
 * struct io_uring_params, 120 bytes:
 *   0 u32 sq_entries | 4 u32 cq_entries | 8 u32 flags | 12 .. | 20 u32 features | 24 ..
 *  40 sq_off: 0 head | 4 tail | 8 ring_mask | 12 ring_entries | 16 flags | 20 dropped | 24 array
 *  80 cq_off: 0 head | 4 tail | 8 ring_mask | 12 ring_entries | 16 overflow | 20 cqes
 *
 * struct io_uring_getevents_arg, 24 bytes: 0 u64 sigmask | 8 u32 sigmask_sz | 12 .. | 16 u64 ts
 * struct io_uring_probe: 16 bytes, then for each operation 8: 0 u8 op | 2 u16 flags
 * </pre>
 */
final class IoUringAbi {
  static final int PARAMS_BYTES = 120;
  static final int PARAMS_SQ_ENTRIES = 0;
  static final int PARAMS_CQ_ENTRIES = 4;
  static final int PARAMS_FLAGS = 8;
  static final int PARAMS_FEATURES = 20;
  static final int PARAMS_SQ_OFFSETS = 40;
  static final int PARAMS_CQ_OFFSETS = 80;

  static final int OFFSETS_HEAD = 0;
  static final int OFFSETS_TAIL = 4;
  static final int OFFSETS_MASK = 8;
  static final int SQ_OFFSETS_FLAGS = 16;
  static final int SQ_OFFSETS_ARRAY = 24;
  static final int CQ_OFFSETS_CQES = 20;

  static final int GETEVENTS_ARGUMENT_BYTES = 24;
  static final int GETEVENTS_ARGUMENT_TIME = 16;

  static final int PROBE_HEADER_BYTES = 16;
  static final int PROBE_ENTRY_BYTES = 8;
  static final int PROBE_ENTRY_FLAGS = 2;
  static final int PROBE_SUPPORTED = 1;

  static final int SETUP_IOPOLL = 1;
  static final int SETUP_R_DISABLED = 1 << 6;
  static final int SETUP_SUBMIT_ALL = 1 << 7;
  static final int SETUP_COOP_TASKRUN = 1 << 8;
  static final int SETUP_TASKRUN_FLAG = 1 << 9;
  static final int SETUP_SQE128 = 1 << 10;
  static final int SETUP_CQE32 = 1 << 11;
  static final int SETUP_SINGLE_ISSUER = 1 << 12;
  static final int SETUP_DEFER_TASKRUN = 1 << 13;
  static final int SETUP_NO_SQARRAY = 1 << 16;

  static final int FEATURE_SINGLE_MMAP = 1;
  static final int FEATURE_NODROP = 1 << 1;
  static final int FEATURE_EXT_ARG = 1 << 8;

  static final int SQ_CQ_OVERFLOW = 1 << 1;
  static final int SQ_TASKRUN = 1 << 2;

  static final int ENTER_GETEVENTS = 1;
  static final int ENTER_EXT_ARG = 1 << 3;

  static final int REGISTER_BUFFERS = 0;
  static final int REGISTER_FILES = 2;
  static final int UNREGISTER_FILES = 3;
  static final int REGISTER_PROBE = 8;
  static final int REGISTER_ENABLE_RINGS = 12;

  static final long MMAP_SQ_RING = 0;
  static final long MMAP_SQES = 0x10000000L;

  private IoUringAbi() {}
}
