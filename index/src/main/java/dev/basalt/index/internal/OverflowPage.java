// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index.internal;

import dev.basalt.bufferpool.BufferPool;
import dev.basalt.bufferpool.PageHeader;
import dev.basalt.index.DamagedTreeException;
import java.io.IOException;

/**
 * The layout of a large value: a stream over the payloads of its run's pages.
 *
 * <pre>
 * 0               8            12     16
 * +---------------+------------+------+--------------------------+------------------+
 * | value bytes   | extents    | 0    | {first u64, pages u32, 0}| value            |
 * +---------------+------------+------+--------------------------+------------------+
 * </pre>
 *
 * <p>The extent of a page stands before that page in the stream, so a reader finds its way. Each
 * page carries the run's LSN: a reader that was overtaken by a free and reuse of the pages notices.
 */
final class OverflowPage {
  static final int PAYLOAD_OFFSET = PageHeader.LENGTH_BYTES;
  static final int HEADER_BYTES = 16;

  private OverflowPage() {}

  static int payloadBytes(int pageBytes) {
    return pageBytes - PAYLOAD_OFFSET;
  }

  /** Returns where the value starts in the stream. */
  static long valueStart(int extents) {
    return HEADER_BYTES + (long) extents * PageDelta.EXTENT_BYTES;
  }

  /** Returns how many pages a value needs when its run has few extents. */
  static long pages(long valueBytes, int pageBytes) {
    return divideUp(valueStart(4) + valueBytes, payloadBytes(pageBytes));
  }

  /**
   * Returns how many pages a value needs when every page is an extent of its own; not fewer than
   * {@link #pages}, which a value of less than four pages could do with.
   */
  static long pagesMax(long valueBytes, int pageBytes) {
    long scattered =
        divideUp(HEADER_BYTES + valueBytes, payloadBytes(pageBytes) - PageDelta.EXTENT_BYTES);
    return Math.max(scattered, pages(valueBytes, pageBytes));
  }

  private static long divideUp(long dividend, long divisor) {
    return (dividend + divisor - 1) / divisor;
  }

  /**
   * Reads the extents of the run that the leaf in {@code work} refers to, into {@code
   * work.extents}.
   *
   * @return false when the leaf has changed
   */
  static boolean tryReadExtents(TreeCore core, TreeWork work, long first, long runLsn)
      throws IOException {
    try {
      if (readExtents(core.pool, core.allocator, core.pageBytes, work.extents, first, runLsn)) {
        return true;
      }
    } catch (IOException e) {
      if (core.pool.validate(work.page, work.token)) {
        throw e;
      }
      return false;
    }
    if (core.pool.validate(work.page, work.token)) {
      throw new DamagedTreeException(first, "not the overflow run with LSN " + runLsn);
    }
    return false;
  }

  /** The same while the leaf is latched. */
  static void readExtents(TreeCore core, TreeWork work, long first, long runLsn)
      throws IOException {
    if (!readExtents(core.pool, core.allocator, core.pageBytes, work.extents, first, runLsn)) {
      throw new DamagedTreeException(first, "not the overflow run with LSN " + runLsn);
    }
  }

  /** Reads the extents of a run; false when its pages hold something else by now. */
  static boolean readExtents(
      BufferPool pool,
      PageAllocator allocator,
      int pageBytes,
      PageExtents extents,
      long first,
      long runLsn)
      throws IOException {
    extents.clear();
    int payload = payloadBytes(pageBytes);
    long limit = allocator.limit();
    if (first <= 0 || first >= limit) {
      return false;
    }
    long header = readWord(pool, first, runLsn, 8);
    int count = (int) header;
    if (header == UNREADABLE || count < 1 || count > limit) {
      return false;
    }
    for (int i = 0; i < count; i++) {
      long at = valueStart(i);
      long pageOf = i == 0 ? first : extents.page(at / payload);
      long firstId = readWord(pool, pageOf, runLsn, (int) (at % payload));
      long pages = readWord(pool, pageOf, runLsn, (int) (at % payload) + 8);
      if (firstId <= 0 || pages <= 0 || firstId + pages > limit) {
        return false;
      }
      extents.add(firstId, (int) pages);
    }
    return true;
  }

  private static final long UNREADABLE = Long.MIN_VALUE;

  private static long readWord(BufferPool pool, long pageId, long runLsn, int offset)
      throws IOException {
    while (true) {
      long token = pool.optimistic(pageId);
      long page = pool.address(pageId);
      boolean isOfRun = isOf(page, runLsn);
      long word = IndexMemory.getLong(page + PAYLOAD_OFFSET + offset);
      if (pool.validate(pageId, token)) {
        return isOfRun ? word : UNREADABLE;
      }
    }
  }

  static boolean isOf(long page, long runLsn) {
    return PageHeader.type(page) == PageType.OVERFLOW && PageHeader.lsn(page) == runLsn;
  }
}
