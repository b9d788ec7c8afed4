// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench.stress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.basalt.engine.StoreClosedException;
import dev.basalt.engine.internal.KeyLocks;
import dev.basalt.engine.internal.OperationGate;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * Stress tests of {@link OperationGate} and {@link KeyLocks}. A lost wake-up shows as a test that
 * does not end.
 */
public final class EngineStress {
  private static final UnspunExecution EXECUTION = new UnspunExecution();
  private static final int STRIPE = 77;

  private EngineStress() {}

  private static OperationGate<Scratch> gate() {
    return new OperationGate<>(EXECUTION, OperationGate.SLOT_COUNT_MAX, Scratch::new);
  }

  /** What an operation holds: nothing. */
  private static final class Scratch extends OperationGate.Slot {
    Scratch(int index) {
      super(index);
    }
  }

  /** Should never release what an operation inside still uses. */
  @JCStressTest
  @Outcome(id = "2", expect = FORBIDDEN, desc = "released under an operation")
  @Outcome(id = "0", expect = ACCEPTABLE, desc = "not let in")
  @Outcome(id = "1", expect = ACCEPTABLE, desc = "in and out before the end")
  @State
  public static class Close {
    private final OperationGate<Scratch> gate = gate();
    private int released;

    @Actor
    public void operation(I_Result result) {
      try {
        Scratch slot = gate.enterReader();
        result.r1 = 1 + released;
        gate.exit(slot);
      } catch (StoreClosedException e) {
        result.r1 = 0;
      }
    }

    @Actor
    public void closer() {
      gate.close();
      released = 1;
    }
  }

  /** Should never let a writer in while writers are paused. */
  @JCStressTest
  @Outcome(id = "1", expect = FORBIDDEN, desc = "a writer is inside")
  @Outcome(id = "0", expect = ACCEPTABLE, desc = "before it came or after it left")
  @State
  public static class Pause {
    // Large, so one for all states: each leaves it open and empty.
    private static final OperationGate<Scratch> GATE = gate();
    private int inside;

    @Actor
    public void writer() {
      Scratch slot = GATE.enterWriter();
      inside = 1;
      inside = 0;
      GATE.exit(slot);
    }

    @Actor
    public void pauser(I_Result result) {
      GATE.pauseWriters();
      result.r1 = inside;
      GATE.resumeWriters();
    }
  }

  /** Should never let two holders of one stripe at once, nor leave one of them waiting. */
  @JCStressTest
  @Outcome(id = "1", expect = FORBIDDEN, desc = "two holders at once")
  @Outcome(id = "2", expect = ACCEPTABLE, desc = "one after the other")
  @State
  public static class Lock {
    private final KeyLocks locks = new KeyLocks(EXECUTION);
    private int count;

    @Actor
    public void first() {
      increment();
    }

    @Actor
    public void second() {
      increment();
    }

    @Arbiter
    public void result(I_Result result) {
      result.r1 = count;
    }

    private void increment() {
      locks.lock(STRIPE);
      count++;
      locks.unlock(STRIPE);
    }
  }
}
