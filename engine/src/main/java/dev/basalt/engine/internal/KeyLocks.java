// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.agent.ParkingLot;
import dev.basalt.iostack.agent.WaitCondition;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Locks of keys, striped by hash. A writer holds those of its keys from the append of its log
 * record to the end of its application, so writers of the same key are in the same order in the log
 * and in the tree.
 *
 * <p>Who needs several locks them in ascending order of stripes: no circle of waiters.
 *
 * <p><b>Concurrency.</b> All methods may be called by any thread; a lock is released by the
 * operation that took it. A stripe is 0 (free) or 1 (locked); the volatile store of 0 pairs with
 * the next holder's CAS. Waiters park; wake-ups cost one volatile read when nobody waits.
 */
public final class KeyLocks {
  static final int STRIPE_COUNT = 1 << 12;

  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle STRIPE = MethodHandles.arrayElementVarHandle(int[].class);
  private static final long GOLDEN_RATIO = 0x9E3779B97F4A7C15L;

  private final int[] stripes = new int[STRIPE_COUNT];
  private final ParkingLot lot;
  private final WaitCondition isLocked = stripe -> isLocked((int) stripe);

  /**
   * Creates locks that nobody holds.
   *
   * @param execution the seam to wait through
   */
  public KeyLocks(Execution execution) {
    lot = new ParkingLot(execution);
  }

  /** Returns the stripe of a key, 0 to {@link #STRIPE_COUNT} - 1. */
  static int stripeOf(long tableId, MemorySegment key) {
    long hash = tableId + 1;
    long length = key.byteSize();
    long offset = 0;
    for (; offset + Long.BYTES <= length; offset += Long.BYTES) {
      hash = mix(hash ^ key.get(LONG, offset));
    }
    for (; offset < length; offset++) {
      hash = mix(hash ^ key.get(ValueLayout.JAVA_BYTE, offset));
    }
    return (int) (mix(hash ^ length) >>> Long.SIZE - 12);
  }

  /**
   * Waits for a lock and takes it.
   *
   * @param stripe of {@link #stripeOf}
   */
  public void lock(int stripe) {
    while (!STRIPE.compareAndSet(stripes, stripe, 0, 1)) {
      lot.awaitWhile(stripe, isLocked, stripe);
    }
  }

  /**
   * Gives a lock up that the caller's operation holds.
   *
   * @param stripe of {@link #stripeOf}
   */
  public void unlock(int stripe) {
    assert stripes[stripe] == 1 : "stripe " + stripe + " is not locked";
    STRIPE.setVolatile(stripes, stripe, 0);
    lot.wakeOne(stripe);
  }

  private static long mix(long value) {
    long product = value * GOLDEN_RATIO;
    return product ^ product >>> 29;
  }

  private boolean isLocked(int stripe) {
    return (int) STRIPE.getVolatile(stripes, stripe) != 0;
  }
}
