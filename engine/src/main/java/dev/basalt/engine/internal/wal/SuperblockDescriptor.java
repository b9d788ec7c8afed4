// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

/**
 * The layout of a superblock, little-endian.
 *
 * <pre>
 *   0                8        12       16               24
 *  +----------------+--------+--------+----------------+--------------------------------+
 *  |magic           |crc32c  |version |sequence        |store id (most, least)          |
 *  +----------------+--------+--------+----------------+--------------------------------+
 *   40       44       48               56               64               72
 *  +--------+--------+----------------+----------------+----------------+----------------+
 *  |page    |flags   |log offset      |log length      |page area offset|page count      |
 *  |bytes   |        |                |                |                |                |
 *  +--------+--------+----------------+----------------+----------------+----------------+
 *   80               88               96               104      108      112       120
 *  +----------------+----------------+----------------+--------+--------+---------+------
 *  |redo LSN        |begin LSN       |durable LSN     |epoch   |redo    |commit   |zeroes
 *  |                |                |                |        |epoch   |sequence |to 512
 *  +----------------+----------------+----------------+--------+--------+---------+------
 * </pre>
 *
 * <p>The checksum is the CRC32C of bytes 12 to 512. Magic, checksum and version keep their places
 * in all versions. 512 bytes are one block of any device, so a power failure leaves a superblock as
 * it was or as it is, never torn. The copy with sequence s is at {@code (s mod 2) *} {@link
 * #STRIDE_BYTES}.
 */
final class SuperblockDescriptor {
  /** "BASALTDB" in memory order. */
  static final long MAGIC = 0x4244544c41534142L;

  static final int VERSION = 1;

  static final int MAGIC_OFFSET = 0;
  static final int CHECKSUM_OFFSET = 8;
  static final int VERSION_OFFSET = 12;
  static final int SEQUENCE_OFFSET = 16;
  static final int STORE_ID_OFFSET = 24;
  static final int PAGE_BYTES_OFFSET = 40;
  static final int FLAGS_OFFSET = 44;
  static final int LOG_OFFSET_OFFSET = 48;
  static final int LOG_LENGTH_OFFSET = 56;
  static final int PAGE_AREA_OFFSET = 64;
  static final int PAGE_COUNT_OFFSET = 72;
  static final int REDO_LSN_OFFSET = 80;
  static final int BEGIN_LSN_OFFSET = 88;
  static final int DURABLE_LSN_OFFSET = 96;
  static final int EPOCH_OFFSET = 104;
  static final int REDO_EPOCH_OFFSET = 108;
  static final int COMMIT_SEQUENCE_OFFSET = 112;
  static final int USED_BYTES = 120;
  static final int LENGTH_BYTES = 512;

  static final int FLAG_CLEAN = 1;

  /** Distance of the two copies, and their number. */
  static final long STRIDE_BYTES = 64 << 10;

  static final int COPY_COUNT = 2;

  private SuperblockDescriptor() {}
}
