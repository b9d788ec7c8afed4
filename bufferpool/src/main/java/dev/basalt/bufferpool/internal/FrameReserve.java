// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import dev.basalt.iostack.agent.ParkingLot;
import dev.basalt.iostack.agent.WaitCondition;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The frames that are free, and how many. A frame is taken before its page is filled and given back
 * when no page is in it any more. A page whose id is the number of a free frame gets that one: as
 * long as all pages fit, each is where its id says.
 *
 * <p>The page provider is woken below half of the {@link #target} and works until the target is
 * reached. A target that did not last, because threads found no frame before the provider had made
 * some, is raised by a half, up to four times what it was; after some refills without that it goes
 * back step by step, because frames kept free hold no pages.
 *
 * <p><b>Concurrency.</b> Any thread. A waiter raises {@code waiters} and then reads {@code free};
 * who gives back raises {@code free} and then reads {@code waiters} (all volatile), so one of them
 * sees the other. As many waiters are woken as frames came back, the longest waiting first; a woken
 * one that finds its frame taken by another waits again.
 */
public final class FrameReserve {
  /** No frame. */
  public static final int NONE = FrameStack.NONE;

  private static final int RESERVE_SHARE = 16;
  private static final int RESERVE_MIN = 8;
  private static final int RESERVE_MAX = 1024;
  private static final int GROWTH_MAX = 4;

  /** So many refills without a stall lower a raised target by an eighth. */
  private static final int CALM_REFILLS = 16;

  /** Waiters for a frame park under this key; page ids are not negative. */
  private static final long KEY = -1;

  private final int frameCount;
  private final int targetMin;
  private final int targetMax;
  private final AtomicInteger free;
  private final FrameStack stack;
  private final ResidentSet resident;
  private final AtomicInteger waiters = new AtomicInteger();
  private final ParkingLot lot;
  private final WaitCondition mustWait;

  /** Set by the page provider. */
  private volatile int target;

  private volatile boolean hasStalled;

  /** Refills in a row without a stall. Page provider only. */
  private int calmRefills;

  /**
   * Creates the reserve, all frames free.
   *
   * @param resident the pages that have a frame, none yet
   * @param lot where waiters park
   * @param failure what ends all waits
   */
  public FrameReserve(ResidentSet resident, ParkingLot lot, PoolFailure failure) {
    this.resident = resident;
    frameCount = resident.slotCount();
    this.lot = lot;
    targetMin = Math.clamp(frameCount / RESERVE_SHARE, RESERVE_MIN, RESERVE_MAX);
    targetMax = Math.max(targetMin, Math.min(GROWTH_MAX * targetMin, frameCount / 4));
    target = targetMin;
    free = new AtomicInteger(frameCount);
    stack = new FrameStack(frameCount);
    mustWait = _ -> free.get() == 0 && !failure.hasFailed();
  }

  /**
   * Takes a frame for a page, which is in the resident set then.
   *
   * @param pageId the page
   * @return the frame, or {@link #NONE}
   */
  public int tryTake(long pageId) {
    return tryTakeAbove(0, pageId);
  }

  /**
   * Takes a frame for a page unless few are left.
   *
   * @param floor how many must be free beforehand, less one
   * @param pageId the page
   * @return the frame, or {@link #NONE} when there are not
   */
  public int tryTakeAbove(int floor, long pageId) {
    int count = free.get();
    while (count > floor) {
      if (free.compareAndSet(count, count - 1)) {
        return claim(pageId);
      }
      count = free.get();
    }
    return NONE;
  }

  /** Finds a frame that is free, which there is: frames are counted after they are put back. */
  private int claim(long pageId) {
    int frame = pageId < frameCount ? (int) pageId : stack.pop();
    while (!resident.tryAdd(frame, pageId)) {
      frame = stack.pop();
    }
    return frame;
  }

  /** Notes that a thread found no frame. */
  public void noteStall() {
    hasStalled = true;
  }

  /** Adapts the target, after the reserve was filled up. To be called by the page provider. */
  public void noteRefill() {
    if (hasStalled) {
      hasStalled = false;
      calmRefills = 0;
      target = Math.min(targetMax, target + target / 2);
    } else if (target > targetMin && ++calmRefills == CALM_REFILLS) {
      calmRefills = 0;
      target = Math.max(targetMin, target - target / 8);
    }
  }

  /** Waits until there may be a frame or the pool has failed. */
  public void await() {
    waiters.incrementAndGet();
    try {
      lot.awaitWhile(KEY, mustWait, 0);
    } finally {
      waiters.decrementAndGet();
    }
  }

  /**
   * Gives a frame back; its page leaves the resident set.
   *
   * @param frame the frame, whose page is evicted
   */
  public void give(int frame) {
    putBack(frame);
    count(1);
  }

  /**
   * Gives frames back; their pages leave the resident set.
   *
   * @param given the frames, whose pages are evicted
   * @param count how many
   */
  public void give(int[] given, int count) {
    for (int i = 0; i < count; i++) {
      putBack(given[i]);
    }
    count(count);
  }

  private void putBack(int frame) {
    resident.remove(frame);
    stack.push(frame);
  }

  private void count(int more) {
    int now = free.addAndGet(more);
    assert now <= frameCount;
    for (int i = Math.min(more, waiters.get()); i > 0; i--) {
      lot.wakeOne(KEY);
    }
  }

  /** Wakes all waiters, because the pool has failed. */
  public void wakeAll() {
    lot.wakeAll(KEY);
  }

  /**
   * Tells whether anybody waits for a frame.
   *
   * @return true when somebody does
   */
  public boolean hasWaiters() {
    return waiters.get() > 0;
  }

  /**
   * Tells whether frames should be freed.
   *
   * @return true below half of the target
   */
  public boolean isLow() {
    return free.get() < target / 2;
  }

  /**
   * Tells whether there are more free frames than are kept free.
   *
   * @return true above the target
   */
  public boolean hasSpare() {
    return free.get() > target;
  }

  /**
   * Returns how many frames are to be freed.
   *
   * @return target less free, 0 or more
   */
  public int missing() {
    return Math.max(0, target - free.get());
  }

  /**
   * Returns how many frames the page provider keeps free.
   *
   * @return a sixteenth of all, within bounds; up to four times as many after stalls
   */
  public int target() {
    return target;
  }

  /**
   * Returns how many pages have a frame.
   *
   * @return 0 to {@link #frameCount}
   */
  public int taken() {
    return frameCount - free.get();
  }

  /**
   * Returns how many frames there are.
   *
   * @return the limit
   */
  public int frameCount() {
    return frameCount;
  }
}
