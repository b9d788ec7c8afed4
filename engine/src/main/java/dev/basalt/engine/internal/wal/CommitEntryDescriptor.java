// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

/**
 * The layout of one put or delete in a commit record, little-endian, padded with zeroes to 8 bytes.
 *
 * <pre>
 *   0    1    2       4          8                16               24
 *  +----+----+-------+----------+----------------+----------------+-----+-------+---------
 *  |kind|0   |key    |value     |table           |run LSN         |key  |value  |padding
 *  |    |    |bytes  |bytes     |                |                |     |       |
 *  +----+----+-------+----------+----------------+----------------+-----+-------+---------
 * </pre>
 *
 * <p>The value of an overflow put is the reference that the leaf will hold; its run LSN is that of
 * the structure record which allocated the pages, and which this record publishes. It is 0 else.
 */
final class CommitEntryDescriptor {
  static final int KIND_OFFSET = 0;
  static final int KEY_BYTES_OFFSET = 2;
  static final int VALUE_BYTES_OFFSET = 4;
  static final int TABLE_OFFSET = 8;
  static final int RUN_LSN_OFFSET = 16;
  static final int KEY_OFFSET = 24;

  private CommitEntryDescriptor() {}
}
