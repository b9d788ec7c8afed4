// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

import dev.basalt.iostack.agent.ParkingLot;
import dev.basalt.iostack.agent.WaitCondition;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Lets a checkpoint wait until every page change that was decided with the old image horizon has
 * been made. After sleepable read-copy-update: striped counters of two parities.
 *
 * <p><b>Concurrency.</b> {@link #enter} and {@link #exit} may be called by any thread, {@link
 * #awaitEntered} by one thread at a time.
 *
 * <ul>
 *   <li><b>Ordering.</b> Who enters adds to the counter of the parity it read and reads the parity
 *       again; when it has changed, it takes that back and starts over. Who awaits writes the
 *       horizon, flips the parity and reads the counters. All are volatile: a section is either
 *       counted before the flip and waited for, or has read the new parity and so the new horizon.
 *       The second look is what keeps a section out of a parity that a later flip would not wait
 *       for.
 *   <li><b>Progress.</b> Entering starts over only when a checkpoint begins at that moment. A
 *       section must not wait for anything but latches, so awaiting ends.
 * </ul>
 */
final class ChangeSections {
  private static final VarHandle COUNT = MethodHandles.arrayElementVarHandle(long[].class);

  private static final int STRIPE_COUNT = 32;

  /** Two cache lines a stripe (the adjacent-line prefetcher fetches pairs): no false sharing. */
  private static final int STRIDE = 16;

  private static final long GOLDEN_RATIO = 0x9E3779B97F4A7C15L;
  private static final int STRIPE_SHIFT = Long.SIZE - 5;

  private final long[] counts = new long[STRIPE_COUNT * STRIDE];
  private final ParkingLot lot;
  private final long key;
  private final WaitCondition isEntered = this::isEntered;
  private volatile int parity;

  ChangeSections(ParkingLot lot, long key) {
    assert STRIPE_COUNT == 1 << Long.SIZE - STRIPE_SHIFT;
    this.lot = lot;
    this.key = key;
  }

  /** Enters a section; the token is to be handed to {@link #exit}, by any thread. */
  int enter() {
    long id = Thread.currentThread().threadId();
    int stripe = (int) (id * GOLDEN_RATIO >>> STRIPE_SHIFT) * STRIDE;
    while (true) {
      int token = stripe + parity;
      COUNT.getAndAdd(counts, token, 1L);
      if ((token & 1) == parity) {
        return token;
      }
      exit(token);
    }
  }

  void exit(int token) {
    COUNT.getAndAdd(counts, token, -1L);
    lot.wakeAll(key);
  }

  /** Waits until all sections are left that were entered before the call. */
  void awaitEntered() {
    int before = parity;
    parity = before ^ 1;
    lot.awaitWhile(key, isEntered, before);
  }

  private boolean isEntered(long ofParity) {
    long sum = 0;
    for (int index = (int) ofParity; index < counts.length; index += STRIDE) {
      sum += (long) COUNT.getVolatile(counts, index);
    }
    return sum != 0;
  }
}
