// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

/**
 * The layout of a log record, little-endian, 8-byte aligned in the log and so in the ring.
 *
 * <pre>
 *   0        4        8                16               24               32      36   37    38  40
 *  +--------+--------+----------------+----------------+----------------+-------+----+-----+---+---
 *  |crc32c  |length  |LSN             |durable LSN     |argument        |epoch  |type|flags|0  |payload
 *  +--------+--------+----------------+----------------+----------------+-------+----+-----+---+---
 * </pre>
 *
 * <ul>
 *   <li>crc32c: CRC32C of the payload, then of bytes 4 to 40, xor the store's log tag. So records
 *       of another store, or a user's copy of a log, are never taken for this log's.
 *   <li>length: of header and payload, a multiple of 8.
 *   <li>LSN: the record's byte position in the endless log.
 *   <li>durable LSN: up to where the log was durable when the record was appended. A valid record
 *       that names a durable LSN behind the place where the log seems to end proves damage there.
 *   <li>argument: commit sequence of a commit; 0 else.
 *   <li>epoch: how often the store had been opened. A record of an older epoch than its predecessor
 *       is a ghost of an earlier life and ends the log.
 * </ul>
 *
 * <p>A commit's payload is {@code u32 entry count, u32 0} and its entries, see {@link
 * CommitEntryDescriptor}; that of a structure record is the index's.
 */
final class RecordDescriptor {
  static final int CHECKSUM_OFFSET = 0;
  static final int LENGTH_OFFSET = 4;
  static final int LSN_OFFSET = 8;
  static final int DURABLE_LSN_OFFSET = 16;
  static final int ARGUMENT_OFFSET = 24;
  static final int EPOCH_OFFSET = 32;
  static final int TYPE_OFFSET = 36;
  static final int FLAGS_OFFSET = 37;
  static final int RESERVED_OFFSET = 38;
  static final int HEADER_BYTES = 40;

  static final int ENTRY_COUNT_OFFSET = HEADER_BYTES;
  static final int ENTRIES_OFFSET = HEADER_BYTES + 8;

  static final int ALIGNMENT_BYTES = 8;

  private RecordDescriptor() {}

  /** Rounds up to the alignment. */
  static long align(long bytes) {
    return bytes + ALIGNMENT_BYTES - 1 & -ALIGNMENT_BYTES;
  }
}
