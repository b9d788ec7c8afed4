// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * A block of the list of hot pages: some page ids in ascending order (little-endian).
 *
 * <pre>
 *  0      4     8            16    20     24   28  32                     4,096
 * +------+-----+------------+-----+------+----+---+------------------------+
 * |crc   |magic|first page  |count|blocks|kind| 0 | ids                    |
 * +------+-----+------------+-----+------+----+---+------------------------+
 * </pre>
 *
 * <p>The checksum is the CRC32C of all that follows it, xor the store tag; {@code blocks} is how
 * many the list has. Kind 1: a bitmap, bit i for page {@code first + i}. Kind 2: for each page
 * after the first the distance to the one before it, 7 bits a byte, the lowest first, and bit 7
 * where more follow. A block is written in the kind that takes more pages.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time.
 */
final class HotPageBlock {
  static final int BYTES = 4096;

  /** The most pages in a block: a full bitmap. */
  static final int COUNT_MAX = (BYTES - 32) * Byte.SIZE;

  private static final int MAGIC = 0x74_6f_48_42; // "BHot"
  private static final int CHECKED_OFFSET = 4;
  private static final int FIRST_OFFSET = 8;
  private static final int COUNT_OFFSET = 16;
  private static final int BLOCKS_OFFSET = 20;
  private static final int KIND_OFFSET = 24;
  private static final int IDS_OFFSET = 32;
  private static final int BITMAP = 1;
  private static final int DISTANCES = 2;
  private static final int MORE = 0x80;

  private final ByteBuffer bytes;

  /** Wraps a block's memory. */
  HotPageBlock(ByteBuffer bytes) {
    assert bytes.capacity() == BYTES;
    this.bytes = bytes.order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Tells whether there is no list. */
  boolean isBlank() {
    return bytes.getLong(0) == 0 && bytes.getLong(COUNT_OFFSET) == 0;
  }

  /** Tells whether this is a block as {@link #seal} leaves it. */
  boolean isWhole(int storeTag) {
    return bytes.getInt(CHECKED_OFFSET) == MAGIC && bytes.getInt(0) == checksum(storeTag);
  }

  /** Returns how many blocks the list has, 1 up to a limit whatever the block says. */
  int blockCount(int limit) {
    return Math.clamp(bytes.getInt(BLOCKS_OFFSET), 1, limit);
  }

  /** Completes a filled block, once it is known how many there are. */
  void seal(int blockCount, int storeTag) {
    bytes.putInt(BLOCKS_OFFSET, blockCount);
    bytes.putInt(0, checksum(storeTag));
  }

  private int checksum(int storeTag) {
    CRC32C crc = new CRC32C();
    crc.update(bytes.duplicate().position(CHECKED_OFFSET));
    return (int) crc.getValue() ^ storeTag;
  }

  /**
   * Fills the block, which is all zeroes, with ascending ids from an index on; returns the index
   * behind the last one.
   */
  int fill(long[] ids, int from, int limit) {
    bytes.putInt(CHECKED_OFFSET, MAGIC);
    bytes.putLong(FIRST_OFFSET, from < limit ? ids[from] : 0);
    int end = from;
    while (end < limit && ids[end] - ids[from] < COUNT_MAX) {
      end++;
    }
    int distancesEnd = fillDistances(ids, from, limit);
    if (distancesEnd < end) {
      fillBitmap(ids, from, end);
    } else {
      end = distancesEnd;
    }
    bytes.putInt(COUNT_OFFSET, end - from);
    return end;
  }

  private int fillDistances(long[] ids, int from, int limit) {
    bytes.putInt(KIND_OFFSET, DISTANCES);
    bytes.position(IDS_OFFSET);
    int index = from;
    for (; index < limit && bytes.remaining() > Long.BYTES; index++) {
      if (index > from) {
        putDistance(ids[index] - ids[index - 1]);
      }
    }
    return index;
  }

  private void putDistance(long distance) {
    long rest = distance;
    for (; rest >= MORE; rest >>>= Byte.SIZE - 1) {
      bytes.put((byte) (rest | MORE));
    }
    bytes.put((byte) rest);
  }

  private void fillBitmap(long[] ids, int from, int limit) {
    bytes.putInt(KIND_OFFSET, BITMAP);
    for (int offset = IDS_OFFSET; offset < BYTES; offset += Long.BYTES) {
      bytes.putLong(offset, 0);
    }
    for (int index = from; index < limit; index++) {
      int bit = (int) (ids[index] - ids[from]);
      int offset = IDS_OFFSET + bit / Byte.SIZE;
      bytes.put(offset, (byte) (bytes.get(offset) | 1 << bit % Byte.SIZE));
    }
  }

  /**
   * Reads the ids of a block that is whole; returns how many.
   *
   * @param ids takes them, {@link #COUNT_MAX} at most
   */
  int read(long[] ids) {
    return bytes.getInt(KIND_OFFSET) == BITMAP ? readBitmap(ids) : readDistances(ids);
  }

  private int readBitmap(long[] ids) {
    long first = bytes.getLong(FIRST_OFFSET);
    int count = 0;
    for (int bit = 0; bit < COUNT_MAX; bit++) {
      if ((bytes.get(IDS_OFFSET + bit / Byte.SIZE) >> bit % Byte.SIZE & 1) != 0) {
        ids[count++] = first + bit;
      }
    }
    return count;
  }

  private int readDistances(long[] ids) {
    long id = bytes.getLong(FIRST_OFFSET);
    int limit = Math.clamp(bytes.getInt(COUNT_OFFSET), 0, BYTES - IDS_OFFSET);
    bytes.position(IDS_OFFSET);
    for (int count = 0; count < limit; count++) {
      if (count > 0) {
        id += distance();
      }
      ids[count] = id;
    }
    return limit;
  }

  private long distance() {
    long distance = 0;
    for (int shift = 0; bytes.hasRemaining(); shift += Byte.SIZE - 1) {
      byte next = bytes.get();
      distance |= (long) (next & MORE - 1) << shift;
      if ((next & MORE) == 0) {
        break;
      }
    }
    return distance;
  }
}
