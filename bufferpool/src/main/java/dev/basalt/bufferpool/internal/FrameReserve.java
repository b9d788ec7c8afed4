// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import dev.basalt.iostack.agent.ParkingLot;
import dev.basalt.iostack.agent.WaitCondition;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The frames that are free: a count, because any page may use any memory. A frame is taken before
 * its page is filled and given back after its memory was dropped; so resident memory never exceeds
 * the limit.
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
   * @param frameCount the most pages in memory
   * @param lot where waiters park
   * @param failure what ends all waits
   */
  public FrameReserve(int frameCount, ParkingLot lot, PoolFailure failure) {
    this.frameCount = frameCount;
    this.lot = lot;
    targetMin = Math.clamp(frameCount / RESERVE_SHARE, RESERVE_MIN, RESERVE_MAX);
    targetMax = Math.max(targetMin, Math.min(GROWTH_MAX * targetMin, frameCount / 4));
    target = targetMin;
    free = new AtomicInteger(frameCount);
    mustWait = _ -> free.get() == 0 && !failure.hasFailed();
  }

  /**
   * Takes a frame.
   *
   * @return false when there is none
   */
  public boolean tryTake() {
    return tryTakeAbove(0);
  }

  /**
   * Takes a frame unless few are left.
   *
   * @param floor how many must be free beforehand, less one
   * @return false when there are not
   */
  public boolean tryTakeAbove(int floor) {
    int count = free.get();
    while (count > floor) {
      if (free.compareAndSet(count, count - 1)) {
        return true;
      }
      count = free.get();
    }
    return false;
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
   * Gives frames back whose memory was dropped.
   *
   * @param count how many
   */
  public void give(int count) {
    int now = free.addAndGet(count);
    assert now <= frameCount;
    for (int i = Math.min(count, waiters.get()); i > 0; i--) {
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
