// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench.stress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.basalt.bufferpool.internal.FrameReserve;
import dev.basalt.bufferpool.internal.FrameStack;
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
 * Stress tests of {@link FrameReserve}, {@link FrameStack}, {@link ResidentSet} and {@link
 * PrefetchQueue}: what the buffer pool shares beside its pages. A lost wake-up shows as a test that
 * does not end.
 */
public final class PoolStress {
  private static final UnspunExecution EXECUTION = new UnspunExecution();

  private PoolStress() {}

  private static FrameReserve reserveOf(int frameCount) {
    return reserveOf(new ResidentSet(frameCount));
  }

  private static FrameReserve reserveOf(ResidentSet resident) {
    return new FrameReserve(resident, new ParkingLot(EXECUTION), new PoolFailure());
  }

  /** Should never give one frame to two pages, whether it is their own or not. */
  @JCStressTest
  @Outcome(id = "0, -1, 1", expect = ACCEPTABLE, desc = "the first")
  @Outcome(id = "-1, 0, 1", expect = ACCEPTABLE, desc = "the second")
  @Outcome(expect = FORBIDDEN, desc = "more frames than there are, or none")
  @State
  public static class TakeFrame {
    private final FrameReserve reserve = reserveOf(1);

    @Actor
    public void first(III_Result result) {
      result.r1 = reserve.tryTake(0);
    }

    @Actor
    public void second(III_Result result) {
      result.r2 = reserve.tryTake(7);
    }

    @Arbiter
    public void taken(III_Result result) {
      result.r3 = reserve.taken();
    }
  }

  /** Should never give a frame to a page of its own and to one that finds it by looking. */
  @JCStressTest
  @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "both got one")
  @Outcome(id = "0, 1", expect = ACCEPTABLE, desc = "its own was taken before")
  @Outcome(expect = FORBIDDEN, desc = "a frame twice, or lost")
  @State
  public static class TakeOwnFrame {
    private final FrameReserve reserve = reserveOf(2);

    @Actor
    public void owner(II_Result result) {
      result.r1 = reserve.tryTake(1);
    }

    @Actor
    public void other(II_Result result) {
      result.r2 = reserve.tryTake(7);
    }
  }

  /** Should never lose a frame that is given back while others are taken, its page's or not. */
  @JCStressTest
  @Outcome(id = "1, 1, 1", expect = ACCEPTABLE, desc = "each frame has one page")
  @Outcome(expect = FORBIDDEN, desc = "a frame twice, or lost")
  @State
  public static class GiveWhileTaken {
    private final ResidentSet set = new ResidentSet(3);
    private final FrameReserve reserve = reserveOf(set);
    private final int given = reserve.tryTake(1);

    @Actor
    public void giver() {
      reserve.give(given);
    }

    @Actor
    public void owner() {
      reserve.tryTake(1);
    }

    @Actor
    public void other() {
      reserve.tryTake(7);
    }

    @Arbiter
    public void rest(III_Result result) {
      result.r1 = countOf(set, 1);
      result.r2 = countOf(set, 7);
      reserve.tryTake(8);
      result.r3 = countOf(set, 8);
    }
  }

  /** Should never leave a waiter asleep beside a frame that was given back. */
  @JCStressTest
  @Outcome(id = "-1", expect = FORBIDDEN, desc = "woke without a frame")
  @Outcome(id = "0", expect = ACCEPTABLE, desc = "woke and took it")
  @State
  public static class AwaitFrame {
    private final FrameReserve reserve = reserveOf(1);
    private final int frame = reserve.tryTake(7);

    @Actor
    public void waiter(I_Result result) {
      reserve.await();
      result.r1 = reserve.tryTake(7);
    }

    @Actor
    public void giver() {
      reserve.give(frame);
    }
  }

  /** Should never mistake a frame that came back for one that was there all the time. */
  @JCStressTest
  @Outcome(id = "1", expect = ACCEPTABLE, desc = "every frame is somewhere, once")
  @Outcome(expect = FORBIDDEN, desc = "a frame twice, or lost")
  @State
  public static class PopWhileReordered {
    private final FrameStack stack = new FrameStack(3);
    private int kept;
    private int taken;

    @Actor
    public void reorderer() {
      int first = stack.pop();
      kept = stack.pop();
      stack.push(first);
    }

    @Actor
    public void taker() {
      taken = stack.pop();
    }

    @Arbiter
    public void rest(I_Result result) {
      int all = 1 << kept | 1 << taken | 1 << stack.pop();
      result.r1 = all == 0b111 && stack.pop() == FrameStack.NONE ? 1 : 0;
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
