// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

/**
 * Layout and contents of an io_uring submission queue entry ({@code struct io_uring_sqe},
 * include/uapi/linux/io_uring.h).
 *
 * <pre>
 *   0        1       2          4         8            16           24          28          32
 *   +--------+-------+----------+---------+------------+------------+-----------+-----------+
 *   | opcode | flags | ioprio   | fd      | offset     | address    | length    | op flags  |
 *   +--------+-------+----------+---------+------------+------------+-----------+-----------+
 *  32                40                   48                                                64
 *   +----------------+--------------------+-------------------------------------------------+
 *   | user data      | buf index | 0      | 0                                               |
 *   +----------------+--------------------+-------------------------------------------------+
 * </pre>
 *
 * An entry is written as eight longs; {@link #head} and {@link #lengthAndFlags} pack the fields
 * that share one.
 *
 * <p>On a ring for commands an entry is twice as long. One that carries a command for a device's
 * driver ({@link #OP_URING_CMD}) has the driver's number of the operation in place of the offset,
 * and from byte 48 on the command.
 */
public final class SubmissionEntry {
  /** Bytes of an entry. */
  public static final int SIZE_BYTES = 64;

  /** Read into several pieces of memory (readv(2)). */
  public static final int OP_READV = 1;

  /** Write from several pieces of memory (writev(2)). */
  public static final int OP_WRITEV = 2;

  /** Make written data durable (fsync(2)). */
  public static final int OP_FSYNC = 3;

  /** Read into a registered buffer. */
  public static final int OP_READ_FIXED = 4;

  /** Write from a registered buffer. */
  public static final int OP_WRITE_FIXED = 5;

  /** Cancel the command whose user data is the address field. */
  public static final int OP_ASYNC_CANCEL = 14;

  /** Reserve or give up space (fallocate(2)): length in the address, mode in the length field. */
  public static final int OP_FALLOCATE = 17;

  /** Read (pread(2)). */
  public static final int OP_READ = 22;

  /** Write (pwrite(2)). */
  public static final int OP_WRITE = 23;

  /** Hand a command to the driver of a device (Linux 5.19). */
  public static final int OP_URING_CMD = 46;

  /** For {@link #OP_FSYNC}: data and size only (fdatasync(2)). */
  public static final int FSYNC_DATASYNC = 1;

  /** For {@link #OP_URING_CMD}: the memory is within a registered buffer (Linux 6.1). */
  public static final int URING_CMD_FIXED = 1;

  /** Bytes of a command. */
  public static final int COMMAND_BYTES = 80;

  static final int OFFSET_OFFSET = 8;
  static final int ADDRESS_OFFSET = 16;
  static final int LENGTH_OFFSET = 24;
  static final int USER_DATA_OFFSET = 32;
  static final int BUFFER_INDEX_OFFSET = 40;
  static final int COMMAND_OFFSET = 48;

  private static final int FIXED_FILE = 1;

  private SubmissionEntry() {}

  /**
   * Packs the first long of an entry on a registered file.
   *
   * @param opcode one of the {@code OP_} constants
   * @param fileIndex the file's index among the registered ones
   * @return the long
   */
  public static long head(int opcode, int fileIndex) {
    return opcode | FIXED_FILE << 8 | (long) fileIndex << 32;
  }

  /**
   * Packs the first long of an entry without a file.
   *
   * @param opcode one of the {@code OP_} constants
   * @return the long
   */
  public static long headWithoutFile(int opcode) {
    return opcode | 0xffff_ffffL << 32;
  }

  /**
   * Packs length and operation flags.
   *
   * @param length the length field, 0 or more
   * @param flags flags of the operation
   * @return the long
   */
  public static long lengthAndFlags(int length, int flags) {
    return length | (long) flags << 32;
  }
}
