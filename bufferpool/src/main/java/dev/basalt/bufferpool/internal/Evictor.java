// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import org.jspecify.annotations.Nullable;

/**
 * The clock with second chance: visits resident pages, marks the unlatched ones, and evicts those
 * that are still marked when the hand comes round. What long scans have left behind is taken
 * without the hand; pages of the type that leaves last it passes over until the hand has been round
 * twice for nothing else. Pages leave in batches: their frames are given back together.
 *
 * <p>Never waits for a latch: a page that is latched is in use and so no candidate.
 *
 * <p><b>Concurrency.</b> An instance is used by one thread at a time; several instances work on one
 * pool. The batch's pages are latched by that thread until {@link #drop}, which it calls before it
 * does anything that takes long.
 */
final class Evictor implements AutoCloseable {
  private static final int STRIDE = 16;
  private static final int KEPT_SHARE = 16;
  private static final int KEPT_MAX = 256;

  private final PoolParts parts;
  private final PageIds batch;
  private final int[] frames;

  /** How many pages of scans stay in memory for whoever wants to see them first. */
  private final int passedKept;

  /** Slots visited since a page was found that does not leave last. */
  private long slotsInVain;

  Evictor(PoolParts parts, int batchMax) {
    this.parts = parts;
    batch = new PageIds(batchMax);
    frames = new int[batchMax];
    passedKept = Math.min(parts.frames().frameCount() / KEPT_SHARE, KEPT_MAX);
  }

  int count() {
    return batch.count();
  }

  /**
   * Moves the clock hand over some slots, or until enough clean pages are found.
   *
   * @param slotCount about how many slots to visit at most
   * @param wanted how many pages are enough for the batch
   * @param dirty takes marked dirty pages as long as it has room; null when they are not wanted
   * @return how many pages were marked or taken
   */
  int sweep(int slotCount, int wanted, @Nullable PageIds dirty) {
    int done = 0;
    int most = Math.min(wanted, batch.capacity());
    for (int visited = 0; visited < slotCount && batch.count() < most; visited += STRIDE) {
      done += stride(dirty);
    }
    return done;
  }

  /**
   * Takes pages that scans have read, and nobody else since.
   *
   * @param wanted how many pages are enough for the batch
   * @param dirty as for {@link #sweep}
   * @return how many pages were taken
   */
  int takePassed(int wanted, @Nullable PageIds dirty) {
    int done = 0;
    int most = Math.min(wanted, batch.capacity());
    int kept = parts.cooling().isWanted() ? passedKept : 0;
    while (batch.count() < most) {
      long pageId = parts.order().pollPassed(kept);
      if (pageId == ResidentSet.NONE) {
        break;
      }
      if (tryTakeMarked(pageId, parts.states().word(pageId), dirty)) {
        done++;
      }
    }
    return done;
  }

  /** Small steps, so that the hand passes over few slots unvisited when the batch is full. */
  private int stride(@Nullable PageIds dirty) {
    ResidentSet resident = parts.resident();
    int done = 0;
    int slot = resident.advance(STRIDE);
    for (int i = 0; i < STRIDE && !batch.isFull(); i++) {
      long pageId = resident.slot(slot);
      if (pageId != ResidentSet.NONE && visit(pageId, dirty)) {
        done++;
      }
      slot = resident.next(slot);
    }
    slotsInVain += STRIDE;
    return done;
  }

  private boolean visit(long pageId, @Nullable PageIds dirty) {
    PageStates states = parts.states();
    long word = states.word(pageId);
    if (PageStates.state(word) == PageStates.UNLOCKED) {
      return tryMark(pageId, word);
    }
    return tryTakeMarked(pageId, word, dirty);
  }

  private boolean tryTakeMarked(long pageId, long word, @Nullable PageIds dirty) {
    if (parts.states().tryEvict(pageId, word)) {
      batch.add(pageId);
      return true;
    }
    boolean isVictim =
        PageStates.state(word) == PageStates.MARKED
            && PageStates.isDirty(word)
            && !PageStates.isWriting(word);
    slotsInVain = isVictim ? 0 : slotsInVain;
    if (isVictim && dirty != null && !dirty.isFull()) {
      dirty.add(pageId);
      return true;
    }
    return false;
  }

  private boolean tryMark(long pageId, long word) {
    boolean isMarked = parts.states().tryMark(pageId, word);
    if (isMarked) {
      parts.cooling().offer(pageId);
    }
    return isMarked;
  }

  /**
   * Takes a page if it is marked, clean and not being written, and there is room.
   *
   * @return true when it is latched and will be evicted
   */
  boolean tryTake(long pageId) {
    if (batch.isFull() || !parts.states().tryEvict(pageId, parts.states().word(pageId))) {
      return false;
    }
    batch.add(pageId);
    return true;
  }

  /**
   * Evicts the batch.
   *
   * @return how many frames are free for that
   */
  int drop() {
    spareLast();
    int count = batch.count();
    if (count == 0) {
      return 0;
    }
    for (int i = 0; i < count; i++) {
      long pageId = batch.get(i);
      frames[i] = parts.region().frame(pageId);
      parts.latches().evicted(pageId);
    }
    batch.clear();
    parts.frames().give(frames, count);
    parts.counters().pagesDropped.add(count);
    return count;
  }

  /** Lets go of the pages that leave last, unless others are not to be had. */
  private void spareLast() {
    int count = batch.count();
    if (count == 0) {
      return;
    }
    if (slotsInVain > 2L * parts.resident().slotCount()) {
      slotsInVain = 0;
      return;
    }
    int kept = 0;
    for (int i = 0; i < count; i++) {
      long pageId = batch.get(i);
      if (parts.order().isLast(parts.region().address(pageId))) {
        parts.latches().unlatchExclusive(pageId, false);
      } else {
        batch.keep(kept++, i);
      }
    }
    batch.removeBetween(kept, count);
    slotsInVain = kept == 0 ? slotsInVain : 0;
  }

  @Override
  public void close() {
    drop();
  }
}
