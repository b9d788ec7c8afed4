// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench.stress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.basalt.iostack.agent.ParkingLot;
import dev.basalt.iostack.agent.WaitCondition;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** Stress tests of {@link ParkingLot}: a waiter always wakes. */
public final class ParkingLotStress {
  private static final long KEY = 7;

  /** Nothing but a lost wake-up takes so long. */
  private static final long LOST_NANOS = 2_000_000_000L;

  private ParkingLotStress() {}

  /** A gate in front of a parking lot. */
  static final class Gate {
    private final ParkingLot lot;
    private final long key;
    private final WaitCondition isClosed = _ -> isClosed();
    private volatile boolean open;

    Gate(ParkingLot lot, long key) {
      this.lot = lot;
      this.key = key;
    }

    private boolean isClosed() {
      return !open;
    }

    /** Returns 1 when the gate opened and the wake-up came, 0 when the wake-up was lost. */
    int await() {
      long start = System.nanoTime();
      lot.awaitWhile(key, isClosed, 0, LOST_NANOS);
      return System.nanoTime() - start < LOST_NANOS ? 1 : 0;
    }

    /** Gives up at once unless the gate is open. */
    void awaitBriefly() {
      lot.awaitWhile(key, isClosed, 0, 1);
    }

    void openForAll() {
      open = true;
      lot.wakeAll(key);
    }

    void openForOne() {
      open = true;
      lot.wakeOne(key);
    }
  }

  /** Should never lose the wake-up of all waiters. */
  @JCStressTest
  @Outcome(id = "0", expect = FORBIDDEN, desc = "slept although the gate was open")
  @Outcome(id = "1", expect = ACCEPTABLE, desc = "woke")
  @State
  public static class WakeAll {
    private final Gate gate = new Gate(new ParkingLot(new UnspunExecution()), KEY);

    @Actor
    public void waiter(I_Result result) {
      result.r1 = gate.await();
    }

    @Actor
    public void waker() {
      gate.openForAll();
    }
  }

  /** Should never lose the wake-up of one waiter. */
  @JCStressTest
  @Outcome(id = "0", expect = FORBIDDEN, desc = "slept although the gate was open")
  @Outcome(id = "1", expect = ACCEPTABLE, desc = "woke")
  @State
  public static class WakeOne {
    private final Gate gate = new Gate(new ParkingLot(new UnspunExecution()), KEY);

    @Actor
    public void waiter(I_Result result) {
      result.r1 = gate.await();
    }

    @Actor
    public void waker() {
      gate.openForOne();
    }
  }

  /** Should never lose a wake-up when two threads wait for and wake each other, by turns. */
  @JCStressTest
  @Outcome(id = "0, .", expect = FORBIDDEN, desc = "the first slept although its gate was open")
  @Outcome(id = "., 0", expect = FORBIDDEN, desc = "the second slept although its gate was open")
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "both woke")
  @State
  public static class HandOver {
    private final ParkingLot lot = new ParkingLot(new UnspunExecution());
    private final Gate there = new Gate(lot, KEY);
    private final Gate back = new Gate(lot, KEY + 1);

    @Actor
    public void first(II_Result result) {
      there.openForOne();
      result.r1 = back.await();
    }

    @Actor
    public void second(II_Result result) {
      result.r2 = there.await();
      back.openForOne();
    }
  }

  /** Should never let a wake-up end with a waiter that had given up. Needs three cores. */
  @JCStressTest
  @Outcome(id = "0", expect = FORBIDDEN, desc = "the wake-up was not passed on")
  @Outcome(id = "1", expect = ACCEPTABLE, desc = "woke")
  @State
  public static class PassedOn {
    private final Gate gate = new Gate(new ParkingLot(new UnspunExecution()), KEY);

    @Actor
    public void waiter(I_Result result) {
      result.r1 = gate.await();
    }

    @Actor
    public void waiterThatGivesUp() {
      gate.awaitBriefly();
    }

    @Actor
    public void waker() {
      gate.openForOne();
    }
  }
}
