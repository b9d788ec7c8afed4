// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

import dev.basalt.iostack.agent.Execution;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How the owner of a queue pair waits: in short naps while commands are in flight, because a polled
 * device does not say when they are done; or, with interrupts, in the kernel until one comes.
 *
 * <p><b>Concurrency.</b> The owner sleeps, anyone wakes. Without interrupts, {@link #sleep} reads
 * {@code isWoken} after it has set {@code owner}, and {@link #wake} the other way round; both are
 * volatile, so either the sleeper sees the wake or the waker sees the sleeper. With interrupts see
 * {@link RingWaker}; the counter that they signal keeps those of an owner who is awake, and the
 * next sleep ends at once.
 */
public final class QueueSleep {
  private static final long NAP_NANOS_MAX = 50_000;

  /** With commands in flight: an interrupt may be lost, and a controller may fail silently. */
  private static final long INTERRUPTED_NANOS_MAX = 5_000_000;

  private final Execution execution;
  private final @Nullable RingWaker waker;

  private long wakeCount;
  private volatile @Nullable Thread owner;
  private volatile boolean isWoken;

  /**
   * Creates it for one queue pair.
   *
   * @param execution the seam to nap through
   * @param waker what the queue pair's interrupts signal, or null
   */
  public QueueSleep(Execution execution, @Nullable RingWaker waker) {
    this.execution = execution;
    this.waker = waker;
  }

  /**
   * Sleeps until something happens.
   *
   * @param nanos how long at most
   * @param isBusy whether commands are in flight
   * @param isQuiet asked once wakes are seen: whether there is still no reason to stay awake
   */
  public void sleep(long nanos, boolean isBusy, BooleanSupplier isQuiet) {
    if (waker == null) {
      nap(isBusy ? Math.min(nanos, NAP_NANOS_MAX) : nanos, isQuiet);
    } else if (waker.tryFallAsleep()) {
      try {
        if (isQuiet.getAsBoolean()) {
          wakeCount += waker.await(isBusy ? Math.min(nanos, INTERRUPTED_NANOS_MAX) : nanos);
        }
      } finally {
        waker.awake();
      }
    }
  }

  private void nap(long nanos, BooleanSupplier isQuiet) {
    Thread current = Thread.currentThread();
    if (!current.equals(owner)) {
      owner = current;
    }
    if (!isWoken && isQuiet.getAsBoolean()) {
      execution.parkNanos(this, nanos);
    }
    isWoken = false;
  }

  /** Anyone: ends the sleep, or lets the next one end at once. */
  public void wake() {
    if (waker != null) {
      waker.wake();
      return;
    }
    isWoken = true;
    Thread sleeper = owner;
    if (sleeper != null) {
      execution.unpark(sleeper);
    }
  }

  /**
   * Returns how many interrupts, and wakes of a sleeper, were seen.
   *
   * @return the count; 0 without interrupts
   */
  public long wakeCount() {
    return wakeCount;
  }
}
