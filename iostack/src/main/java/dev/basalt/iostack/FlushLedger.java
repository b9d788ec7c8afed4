// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.agent.ParkingLot;
import dev.basalt.iostack.agent.WaitCondition;
import java.util.Arrays;

/**
 * All flushes of a device, so that one is not believed while another may have failed. A flush that
 * fails may have lost what a second one, under way at the same time, says is durable: Linux reports
 * lost writes to one of several fsync(2) calls only. So who has flushed waits until those that
 * began before have ended, and after a failure no flush counts any more.
 *
 * <p>{@link IoStack#flush} does all of it. A flush of another queue pair is entered by its owner:
 * {@link #begin}; {@link #end} when its completion was delivered; then {@link #mark}, and it counts
 * once {@link #isSettled} and unless {@link #hasFailed}.
 *
 * <p><b>Concurrency.</b> Any thread. The open flushes are guarded by the monitor, inside which
 * nothing waits; {@code firstOpen} and {@code failedStatus} are volatile, and a failure is set
 * before its flush is no longer open.
 */
public final class FlushLedger {
  private final ParkingLot lot;
  private final WaitCondition isUnsettled = mark -> !isSettled(mark);
  private long[] open = new long[4];
  private int openCount;
  private long next = 1;

  private volatile long firstOpen = Long.MAX_VALUE;
  private volatile int failedStatus = IoStatus.SUCCESS;
  private volatile Runnable listener = () -> {};

  /**
   * Creates a ledger without flushes.
   *
   * @param execution the seam to wait through
   */
  public FlushLedger(Execution execution) {
    lot = new ParkingLot(execution);
  }

  /**
   * Sets who is told that a flush has ended.
   *
   * @param wake called by whoever has ended it; must not wait
   */
  public void whenEnded(Runnable wake) {
    listener = wake;
  }

  /**
   * Enters a flush, before it is queued or at once afterwards.
   *
   * @return its ticket, above 0
   */
  public synchronized long begin() {
    if (openCount == open.length) {
      open = Arrays.copyOf(open, 2 * openCount);
    }
    open[openCount++] = next;
    firstOpen = Math.min(firstOpen, next);
    return next++;
  }

  /**
   * Notes how a flush has ended.
   *
   * @param ticket of {@link #begin}
   * @param status an {@link IoStatus}
   */
  public void end(long ticket, int status) {
    if (status != IoStatus.SUCCESS && failedStatus == IoStatus.SUCCESS) {
      failedStatus = status; // before it is no longer open; which of several does not matter
    }
    synchronized (this) {
      long first = Long.MAX_VALUE;
      int kept = 0;
      for (int i = 0; i < openCount; i++) {
        if (open[i] != ticket) {
          open[kept++] = open[i];
          first = Math.min(first, open[i]);
        }
      }
      openCount = kept;
      firstOpen = first;
    }
    lot.wakeAll(0);
    listener.run();
  }

  /**
   * Returns the moment, as {@link #isSettled} takes it.
   *
   * @return above all tickets given
   */
  public synchronized long mark() {
    return next;
  }

  /**
   * Tells whether all flushes that began before a moment have ended.
   *
   * @param mark of {@link #mark}
   * @return true for ever once it is
   */
  public boolean isSettled(long mark) {
    return firstOpen >= mark;
  }

  /**
   * Waits until all flushes that began before a moment have ended.
   *
   * @param mark of {@link #mark}
   */
  public void awaitSettled(long mark) {
    lot.awaitWhile(0, isUnsettled, mark);
  }

  /**
   * Tells whether a flush of the device has ever failed.
   *
   * @return true for ever once one has
   */
  public boolean hasFailed() {
    return failedStatus != IoStatus.SUCCESS;
  }

  /**
   * Returns how the flush ended that has failed.
   *
   * @return an {@link IoStatus}; success while none has
   */
  public int failedStatus() {
    return failedStatus;
  }
}
