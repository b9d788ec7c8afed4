// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool;

import dev.basalt.bufferpool.internal.PageProvider;
import dev.basalt.bufferpool.internal.PageStates;
import dev.basalt.bufferpool.internal.PoolParts;
import dev.basalt.bufferpool.internal.ResidentSet;
import java.util.Arrays;

/**
 * Which pages of a pool are in memory, and how they come there again after a restart without
 * anybody waiting for it.
 *
 * <p><b>Concurrency.</b> All methods may be called by any thread until the pool is closed.
 */
public final class PoolWarmUp {
  private final PoolParts parts;
  private final PageProvider provider;
  private final long pageCount;

  PoolWarmUp(PoolParts parts, PageProvider provider, long pageCount) {
    this.parts = parts;
    this.provider = provider;
    this.pageCount = pageCount;
  }

  /**
   * Asks for pages to be read when nobody waits for others, and as long as there are frames to
   * spare: nothing is evicted for them. Returns at once; best effort.
   *
   * @param pageIds the pages, best in order; those out of range are passed over
   * @param from index of the first one
   * @param limit index behind the last one
   * @return index behind the last one that was taken over; less than {@code limit} when as many are
   *     asked for as can be
   */
  public int request(long[] pageIds, int from, int limit) {
    int index = from;
    while (index < limit && (!isToRead(pageIds[index]) || provider.warm(pageIds[index]))) {
      index++;
    }
    provider.wake();
    return index;
  }

  private boolean isToRead(long pageId) {
    return pageId >= 0
        && pageId < pageCount
        && PageStates.state(parts.states().word(pageId)) == PageStates.EVICTED;
  }

  /**
   * Tells whether there is memory for more pages without the eviction of others.
   *
   * @return false when {@link #request} would do nothing
   */
  public boolean hasSpareFrames() {
    return parts.frames().hasSpare();
  }

  /**
   * Returns pages that are in memory.
   *
   * @param isMarked whether those that are to be evicted unless somebody uses them, or the others
   * @param countMax the most
   * @return their ids, in no order
   */
  public long[] residentPageIds(boolean isMarked, int countMax) {
    ResidentSet resident = parts.resident();
    long[] ids = new long[Math.min(countMax, parts.frames().frameCount())];
    int count = 0;
    for (int slot = 0; slot < resident.slotCount() && count < ids.length; slot++) {
      long pageId = resident.slot(slot);
      if (pageId != ResidentSet.NONE && isMarked == isMarked(pageId)) {
        ids[count++] = pageId;
      }
    }
    return Arrays.copyOf(ids, count);
  }

  private boolean isMarked(long pageId) {
    return PageStates.state(parts.states().word(pageId)) == PageStates.MARKED;
  }
}
