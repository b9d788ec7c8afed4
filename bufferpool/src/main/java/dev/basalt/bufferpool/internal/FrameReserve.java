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
 * reached.
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

  /** Waiters for a frame park under this key; page ids are not negative. */
  private static final long KEY = -1;

  private final int frameCount;
  private final int target;
  private final AtomicInteger free;
  private final AtomicInteger waiters = new AtomicInteger();
  private final ParkingLot lot;
  private final WaitCondition mustWait;

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
    target = Math.clamp(frameCount / RESERVE_SHARE, RESERVE_MIN, RESERVE_MAX);
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
   * @return a sixteenth of all, within bounds
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
