// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

/**
 * Commands of the NVM Express Base Specification 2.0c and of the NVM Command Set.
 *
 * <pre>
 *  submission queue entry (figure 88), 64 bytes, 16 dwords
 *   dword 0        1        2-3     4-5        6-7     8-9     10-15
 *  +----------+---------+--------+----------+-------+-------+------------------+
 *  |CID |   OP|  NSID   |   -    | metadata | PRP 1 | PRP 2 | command specific |
 *  +----------+---------+--------+----------+-------+-------+------------------+
 *
 *  completion queue entry (figure 91), 16 bytes
 *   dword 0           1     2              3
 *  +---------------+-----+-------+-------+------------+-+---------------+
 *  |    result     |  -  | SQ id | SQ hd |   status   |P|  command id   |
 *  +---------------+-----+-------+-------+------------+-+---------------+
 *                                          31      17  16 15           0
 * </pre>
 */
final class NvmeAbi {
  static final int ENTRY_BYTES = 64;
  static final int ENTRY_SHIFT = 6;
  static final int COMPLETION_BYTES = 16;
  static final int COMPLETION_SHIFT = 4;

  static final int ENTRY_PRP1 = 24;
  static final int ENTRY_PRP2 = 32;
  static final int ENTRY_DWORD10 = 40;
  static final int ENTRY_DWORD12 = 48;
  static final int ENTRY_DWORD14 = 56;
  static final int COMPLETION_STATUS = 12;

  static final int ADMIN_DELETE_SQ = 0x00;
  static final int ADMIN_CREATE_SQ = 0x01;
  static final int ADMIN_GET_LOG_PAGE = 0x02;
  static final int ADMIN_DELETE_CQ = 0x04;
  static final int ADMIN_CREATE_CQ = 0x05;
  static final int ADMIN_IDENTIFY = 0x06;
  static final int ADMIN_ABORT = 0x08;
  static final int ADMIN_SET_FEATURES = 0x09;
  static final int ADMIN_GET_FEATURES = 0x0a;

  static final int FLUSH = 0x00;
  static final int WRITE = 0x01;
  static final int READ = 0x02;
  static final int COMPARE = 0x05;
  static final int WRITE_ZEROES = 0x08;
  static final int DATASET_MANAGEMENT = 0x09;

  /** Dword 12 of a write: durable when it completes (NVM Command Set, figure 66). */
  static final int FORCE_UNIT_ACCESS = 1 << 30;

  /** Dword 11 of dataset management: deallocate (NVM Command Set, figure 42). */
  static final int DEALLOCATE = 1 << 2;

  /** A range of dataset management: u32 attributes, u32 blocks, u64 first block. */
  static final int RANGE_BYTES = 16;

  static final int IDENTIFY_BYTES = 4096;
  static final int CNS_NAMESPACE = 0x00;
  static final int CNS_CONTROLLER = 0x01;
  static final int CNS_ACTIVE_NAMESPACES = 0x02;
  static final int CNS_NAMESPACE_DESCRIPTORS = 0x03;
  static final int CNS_COMMAND_SET_CONTROLLER = 0x06;

  static final int FEATURE_QUEUE_COUNT = 0x07;
  static final int FEATURE_FLEXIBLE_PLACEMENT = 0x1d;

  static final int LOG_ERROR = 0x01;
  static final int LOG_HEALTH = 0x02;

  static final int PAGE_BYTES = 4096;
  static final int PAGE_SHIFT = 12;

  private NvmeAbi() {}
}
