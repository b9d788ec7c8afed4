// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

import dev.basalt.iostack.agent.ParkingLot;
import dev.basalt.iostack.agent.WaitCondition;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The latch that orders appends. Held for the copy of one record; never while waiting.
 *
 * <p><b>Concurrency.</b> {@code held} is 0 or 1: CAS by who latches, volatile store by who
 * unlatches, whose write order pairs with the CAS's acquire. A waiter spins briefly, then parks; a
 * thread that arrives meanwhile may overtake it.
 */
public final class AppendLatch {
  private static final VarHandle HELD;

  static {
    try {
      HELD = MethodHandles.lookup().findVarHandle(AppendLatch.class, "held", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final ParkingLot lot;
  private final long key;
  private final WaitCondition isHeld = _ -> isHeld();

  @SuppressWarnings("FieldMayBeFinal") // written through HELD
  private volatile int held;

  /**
   * Creates a latch that nobody holds.
   *
   * @param lot where waiters park
   * @param key under which they do
   */
  public AppendLatch(ParkingLot lot, long key) {
    this.lot = lot;
    this.key = key;
  }

  /** Waits for the latch and takes it. */
  public void latch() {
    while (!HELD.compareAndSet(this, 0, 1)) {
      lot.awaitWhile(key, isHeld, 0);
    }
  }

  /** Gives the latch up, by who took it. */
  public void unlatch() {
    assert held == 1 : "not latched";
    held = 0;
    lot.wakeOne(key);
  }

  private boolean isHeld() {
    return held != 0;
  }
}
