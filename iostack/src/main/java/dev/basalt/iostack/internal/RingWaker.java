// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

import dev.basalt.linux.ErrnoException;
import dev.basalt.linux.EventFd;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Lets any thread end a queue owner's sleep, and costs no system call while the owner is awake. The
 * owner sleeps in its ring, with a read of the descriptor armed, or in {@link #await}, which
 * interrupts of a device end as well.
 *
 * <p><b>Concurrency.</b>
 *
 * <pre>
 * state     meaning                            left for, by whom
 * AWAKE     the owner runs                     ASLEEP: owner; WOKEN: anyone
 * ASLEEP    the owner is in the kernel, or     AWAKE: owner; WOKEN: anyone, who then signals
 *           about to be
 * WOKEN     the next sleep is to end at once   AWAKE: owner
 * CLOSED    nobody sleeps any more             never
 * </pre>
 *
 * All transitions are atomic and volatile, so what a waker published before {@link #wake} is seen
 * by the owner after {@link #awake} or a refused {@link #tryFallAsleep}. {@code wakers} counts the
 * threads that may be about to signal: {@link #close} waits for them, a few instructions each,
 * because the descriptor's number may be another file's afterwards.
 */
public final class RingWaker {
  private static final int AWAKE = 0;
  private static final int ASLEEP = 1;
  private static final int WOKEN = 2;
  private static final int CLOSED = 3;

  private final EventFd eventFd;
  private final AtomicInteger state = new AtomicInteger(AWAKE);
  private final AtomicInteger wakers = new AtomicInteger();

  /**
   * Creates a waker of an owner who is awake.
   *
   * @throws ErrnoException when the process has too many open files
   */
  public RingWaker() throws ErrnoException {
    eventFd = new EventFd();
  }

  /**
   * Returns the descriptor that becomes readable when a sleeper is woken.
   *
   * @return an eventfd, which this object owns
   */
  public int fd() {
    return eventFd.fd();
  }

  /**
   * Owner: announces sleep.
   *
   * @return false when a wake came first, which this uses up
   */
  public boolean tryFallAsleep() {
    if (state.compareAndSet(AWAKE, ASLEEP)) {
      return true;
    }
    state.compareAndSet(WOKEN, AWAKE);
    return false;
  }

  /**
   * Owner, after it has announced sleep: sleeps until it is woken, or the descriptor was signalled
   * since the last time.
   *
   * @param nanos how long at most
   * @return how many signals have come, of wakers and of devices; 0 when the time was over
   */
  public long await(long nanos) {
    return eventFd.await(nanos);
  }

  /** Owner: the sleep is over, for whatever reason. */
  public void awake() {
    state.getAndSet(AWAKE); // a read too: it orders what the waker published before
  }

  /** Anyone: ends the sleep, or lets the next one end at once. */
  public void wake() {
    if (state.get() == WOKEN || state.compareAndSet(AWAKE, WOKEN)) {
      return;
    }
    wakers.incrementAndGet();
    try {
      if (state.compareAndSet(ASLEEP, WOKEN)) {
        eventFd.signal();
      } else {
        state.compareAndSet(AWAKE, WOKEN); // it has woken up meanwhile
      }
    } finally {
      wakers.decrementAndGet();
    }
  }

  /** Owner: signals itself, so that a read of the descriptor ends. */
  void signal() {
    eventFd.signal();
  }

  /** Once, after the last sleep; later wakes do nothing. */
  public void close() {
    state.set(CLOSED);
    while (wakers.get() > 0) {
      Thread.onSpinWait();
    }
    eventFd.close();
  }
}
