// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

/**
 * NVMe commands as the kernel's driver takes them (include/uapi/linux/nvme_ioctl.h). Most fields
 * are where an NVMe submission queue entry has them.
 *
 * <pre>
 * struct nvme_uring_cmd, 72 bytes:
 *   0 u8 opcode | 1 u8 flags | 4 u32 nsid | 8 u32 cdw2 | 12 u32 cdw3 | 16 u64 metadata
 *  24 u64 addr | 32 u32 metadata_len | 36 u32 data_len | 40 u32 cdw10 .. 60 u32 cdw15
 *  64 u32 timeout_ms | 68 ..
 * struct nvme_admin_cmd, 72 bytes: the same, but 68 u32 result
 * </pre>
 */
public final class NvmeCommandAbi {
  /** For io_uring: a command of an I/O queue. */
  public static final int URING_COMMAND = 0xc0484e80;

  /** Where the data of a command is, an absolute address. */
  public static final int ADDRESS_OFFSET = 24;

  /** How long its data is; the 4 bytes before are the length of metadata. */
  public static final int LENGTH_OFFSET = 36;

  /** After how many milliseconds the kernel aborts it. */
  public static final int TIMEOUT_OFFSET = 64;

  static final int SIZE_BYTES = 72;
  static final int OPCODE_OFFSET = 0;
  static final int NAMESPACE_OFFSET = 4;
  static final int DWORD10_OFFSET = 40;
  static final int DWORD11_OFFSET = 44;
  static final int RESULT_OFFSET = 68;

  /** Asks for the id of the namespace. */
  static final long IOCTL_ID = 0x4e40;

  /** Runs a command of the admin queue. */
  static final long IOCTL_ADMIN = 0xc0484e41L;

  private NvmeCommandAbi() {}
}
