// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench.stress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.basalt.bufferpool.internal.FrameReserve;
import dev.basalt.bufferpool.internal.PoolFailure;
import dev.basalt.bufferpool.internal.PrefetchQueue;
import dev.basalt.bufferpool.internal.ResidentSet;
import dev.basalt.iostack.agent.ParkingLot;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * Stress tests of {@link FrameReserve}, {@link ResidentSet} and {@link PrefetchQueue}: what the
 * buffer pool shares beside its pages. A lost wake-up shows as a test that does not end.
 */
public final class PoolStress {
  private static final UnspunExecution EXECUTION = new UnspunExecution();

  private PoolStress() {}

  private static FrameReserve reserveOfOne() {
    return new FrameReserve(1, new ParkingLot(EXECUTION), new PoolFailure());
  }

  /** Should never give one frame to two pages. */
  @JCStressTest
  @Outcome(id = "1, 1, .", expect = FORBIDDEN, desc = "more frames than there are")
  @Outcome(id = "0, 0, .", expect = FORBIDDEN, desc = "nobody got the free frame")
  @Outcome(id = "1, 0, 1", expect = ACCEPTABLE, desc = "the first")
  @Outcome(id = "0, 1, 1", expect = ACCEPTABLE, desc = "the second")
  @State
  public static class TakeFrame {
    private final FrameReserve reserve = reserveOfOne();

    @Actor
    public void first(III_Result result) {
      result.r1 = reserve.tryTake() ? 1 : 0;
    }

    @Actor
    public void second(III_Result result) {
      result.r2 = reserve.tryTake() ? 1 : 0;
    }

    @Arbiter
    public void taken(III_Result result) {
      result.r3 = reserve.taken();
    }
  }

  /** Should never leave a waiter asleep beside a frame that was given back. */
  @JCStressTest
  @Outcome(id = "0", expect = FORBIDDEN, desc = "woke without a frame")
  @Outcome(id = "1", expect = ACCEPTABLE, desc = "woke and took it")
  @State
  public static class AwaitFrame {
    private final FrameReserve reserve = reserveOfOne();

    public AwaitFrame() {
      reserve.tryTake();
    }

    @Actor
    public void waiter(I_Result result) {
      reserve.await();
      result.r1 = reserve.tryTake() ? 1 : 0;
    }

    @Actor
    public void giver() {
      reserve.give(1);
    }
  }

  /** Should never lose a page of two that are added to the same slot. */
  @JCStressTest
  @Outcome(id = "0, .", expect = FORBIDDEN, desc = "the first is lost")
  @Outcome(id = "., 0", expect = FORBIDDEN, desc = "the second is lost")
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "both are there, once")
  @State
  public static class AddPages {
    private final ResidentSet set = new ResidentSet(2);

    @Actor
    public void first() {
      set.add(1);
    }

    @Actor
    public void second() {
      set.add(4);
    }

    @Arbiter
    public void count(II_Result result) {
      result.r1 = countOf(set, 1);
      result.r2 = countOf(set, 4);
    }
  }

  /** Should never lose a page that is added while another leaves. */
  @JCStressTest
  @Outcome(id = "1, .", expect = FORBIDDEN, desc = "the removed page is there")
  @Outcome(id = "., 0", expect = FORBIDDEN, desc = "the added page is lost")
  @Outcome(id = "0, 1", expect = ACCEPTABLE, desc = "the added page alone")
  @State
  public static class ReplacePage {
    private final ResidentSet set = new ResidentSet(2);

    public ReplacePage() {
      set.add(1);
    }

    @Actor
    public void remover() {
      set.remove(1);
    }

    @Actor
    public void adder() {
      set.add(4);
    }

    @Arbiter
    public void count(II_Result result) {
      result.r1 = countOf(set, 1);
      result.r2 = countOf(set, 4);
    }
  }

  private static int countOf(ResidentSet set, long pageId) {
    int count = 0;
    for (int slot = 0; slot < set.slotCount(); slot++) {
      count += set.slot(slot) == pageId ? 1 : 0;
    }
    return count;
  }

  /** Should never lose or repeat one of two ids that are added at once. */
  @JCStressTest
  @Outcome(id = "-1, .*", expect = FORBIDDEN, desc = "both are lost")
  @Outcome(id = ".*, -1", expect = FORBIDDEN, desc = "one is lost")
  @Outcome(id = "1, 2", expect = ACCEPTABLE, desc = "the first before the second")
  @Outcome(id = "2, 1", expect = ACCEPTABLE, desc = "the second before the first")
  @State
  public static class AddIds {
    private final PrefetchQueue queue = new PrefetchQueue(2);

    @Actor
    public void first() {
      queue.tryAdd(1);
    }

    @Actor
    public void second() {
      queue.tryAdd(2);
    }

    @Arbiter
    public void rest(II_Result result) {
      result.r1 = (int) queue.poll();
      result.r2 = (int) queue.poll();
    }
  }

  /** Should never overwrite an id that was not taken, nor lose one it has accepted. */
  @JCStressTest
  @Outcome(id = "1, ., -1", expect = FORBIDDEN, desc = "accepted and lost")
  @Outcome(id = "., 6, .*", expect = FORBIDDEN, desc = "the id before it was overwritten")
  @Outcome(id = "0, 5, -1", expect = ACCEPTABLE, desc = "refused: full")
  @Outcome(id = "1, 5, 6", expect = ACCEPTABLE, desc = "accepted into the freed slot")
  @State
  public static class AddToFull {
    private final PrefetchQueue queue = new PrefetchQueue(1);

    public AddToFull() {
      queue.tryAdd(5);
    }

    @Actor
    public void producer(III_Result result) {
      result.r1 = queue.tryAdd(6) ? 1 : 0;
    }

    @Actor
    public void consumer(III_Result result) {
      result.r2 = (int) queue.poll();
    }

    @Arbiter
    public void rest(III_Result result) {
      result.r3 = (int) queue.poll();
    }
  }
}
