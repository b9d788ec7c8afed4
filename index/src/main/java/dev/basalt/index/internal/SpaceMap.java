// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index.internal;

import dev.basalt.bufferpool.PageHeader;

/**
 * The layout of a space-map page: which pages of its group are allocated.
 *
 * <pre>
 * 0                     32              40               44     64                 page end
 * +---------------------+---------------+----------------+------+------------------+
 * | page header         | groups u64    | allocated u32  | 0    | bit per page     |
 * +---------------------+---------------+----------------+------+------------------+
 * </pre>
 *
 * <p>A group is as many pages as the bitmap has bits; its first page is its map, whose own bit is
 * set. How many groups have a map is kept in page 0.
 */
public final class SpaceMap {
  static final int BITMAP_OFFSET = 64;

  /** Pages whose state words share a cache line. */
  static final int PAGES_PER_LINE = 8;

  private static final int GROUP_COUNT_OFFSET = 32;
  private static final int ALLOCATED_OFFSET = 40;

  private SpaceMap() {}

  /**
   * Returns how many pages a group has.
   *
   * @param pageBytes the page size
   * @return the count, the map itself included
   */
  public static int groupPages(int pageBytes) {
    return (pageBytes - BITMAP_OFFSET) * Byte.SIZE;
  }

  /** Returns which cache line of state words a page has; groups begin with a line. */
  static int lineOf(long bit) {
    return (int) Math.floorDiv(bit, PAGES_PER_LINE);
  }

  static void initialize(long map, int pageBytes) {
    PageHeader.type(map, PageType.SPACE_MAP);
    IndexMemory.zero(map + PageHeader.LENGTH_BYTES, pageBytes - PageHeader.LENGTH_BYTES);
    mark(map, pageBytes, PageHeader.pageId(map), 1, true);
  }

  static long groupCount(long map) {
    return IndexMemory.getLong(map + GROUP_COUNT_OFFSET);
  }

  static void groupCount(long map, long count) {
    IndexMemory.putLong(map + GROUP_COUNT_OFFSET, count);
  }

  static int allocatedCount(long map) {
    return IndexMemory.getInt(map + ALLOCATED_OFFSET);
  }

  static boolean isAllocated(long map, int bit) {
    return (IndexMemory.getByte(map + BITMAP_OFFSET + (bit >>> 3)) >>> (bit & 7) & 1) != 0;
  }

  /** Marks pages of one group; each must be in the other state. */
  static void mark(long map, int pageBytes, long first, int count, boolean isAllocated) {
    int bit = (int) (first % groupPages(pageBytes));
    for (int i = bit; i < bit + count; i++) {
      if (isAllocated(map, i) == isAllocated) {
        long page = first + i - bit;
        throw new ImpossibleChangeException(
            "page " + page + (isAllocated ? " allocated" : " freed") + " twice");
      }
      long at = map + BITMAP_OFFSET + (i >>> 3);
      IndexMemory.putByte(at, IndexMemory.getByte(at) ^ 1 << (i & 7));
    }
    int delta = isAllocated ? count : -count;
    IndexMemory.putInt(map + ALLOCATED_OFFSET, allocatedCount(map) + delta);
  }

  /** Returns the first free bit from a place on, below a limit, or the limit. */
  static int nextFree(long map, int from, int limit) {
    int bit = from;
    while (bit < limit) {
      long word = IndexMemory.getLong(map + BITMAP_OFFSET + (bit >>> 6 << 3));
      long free = ~word >>> (bit & 63);
      if (free != 0) {
        return Math.min(limit, bit + Long.numberOfTrailingZeros(free));
      }
      bit = (bit | 63) + 1;
    }
    return limit;
  }

  /** Returns the first allocated bit from a place on, below a limit, or the limit. */
  static int nextAllocated(long map, int from, int limit) {
    int bit = from;
    while (bit < limit) {
      long word = IndexMemory.getLong(map + BITMAP_OFFSET + (bit >>> 6 << 3)) >>> (bit & 63);
      if (word != 0) {
        return Math.min(limit, bit + Long.numberOfTrailingZeros(word));
      }
      bit = (bit | 63) + 1;
    }
    return limit;
  }
}
