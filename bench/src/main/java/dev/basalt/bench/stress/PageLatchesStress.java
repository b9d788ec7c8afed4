// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench.stress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.basalt.bufferpool.internal.PageLatches;
import dev.basalt.bufferpool.internal.PageStates;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * Stress tests of {@link PageLatches} and {@link PageStates}: the latch protocol of the buffer
 * pool. A lost wake-up shows as a test that does not end.
 */
public final class PageLatchesStress {
  private PageLatchesStress() {}

  /** Should never lose a change made under an exclusive latch. */
  @JCStressTest
  @Outcome(id = "1", expect = FORBIDDEN, desc = "two holders at once")
  @Outcome(id = "2", expect = ACCEPTABLE, desc = "one after the other")
  @State
  public static class Exclusive {
    private final StressedPage page = StressedPage.unlocked();

    @Actor
    public void first() {
      page.latches.latchExclusive(0);
      page.setLeft(page.left() + 1);
      page.latches.unlatchExclusive(0, true);
    }

    @Actor
    public void second() {
      page.latches.latchExclusive(0);
      page.setLeft(page.left() + 1);
      page.latches.unlatchExclusive(0, true);
    }

    @Arbiter
    public void result(I_Result result) {
      result.r1 = page.left();
    }
  }

  /** Should never validate a read that saw half of a change. */
  @JCStressTest
  @Outcome(id = "0, 1", expect = FORBIDDEN, desc = "half of a change, validated")
  @Outcome(id = "1, 0", expect = FORBIDDEN, desc = "half of a change, validated")
  @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "before")
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "after")
  @Outcome(id = "-1, -1", expect = ACCEPTABLE, desc = "restart")
  @State
  public static class Optimistic {
    private final StressedPage page = StressedPage.unlocked();

    @Actor
    public void writer() {
      page.latches.latchExclusive(0);
      page.setLeft(1);
      page.setRight(1);
      page.latches.unlatchExclusive(0, true);
    }

    @Actor
    public void reader(II_Result result) {
      long seen = page.latches.optimistic(0);
      int left = page.left();
      int right = page.right();
      boolean valid = page.states.validate(0, seen);
      result.r1 = valid ? left : -1;
      result.r2 = valid ? right : -1;
    }
  }

  /** Should never show half of a change to a holder of a shared latch. */
  @JCStressTest
  @Outcome(id = "0, 1", expect = FORBIDDEN, desc = "half of a change")
  @Outcome(id = "1, 0", expect = FORBIDDEN, desc = "half of a change")
  @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "before")
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "after")
  @State
  public static class Shared {
    private final StressedPage page = StressedPage.unlocked();

    @Actor
    public void writer() {
      page.latches.latchExclusive(0);
      page.setLeft(1);
      page.setRight(1);
      page.latches.unlatchExclusive(0, true);
    }

    @Actor
    public void reader(II_Result result) {
      page.latches.latchShared(0);
      result.r1 = page.left();
      result.r2 = page.right();
      page.latches.unlatchShared(0);
    }
  }

  /** Should never upgrade an optimistic read whose page has changed, nor refuse both of two. */
  @JCStressTest
  @Outcome(id = "1, 1, 1", expect = FORBIDDEN, desc = "an upgrade on a stale read")
  @Outcome(id = "0, 0, 0", expect = FORBIDDEN, desc = "refused without cause")
  @Outcome(id = "1, 1, 2", expect = ACCEPTABLE, desc = "one after the other")
  @Outcome(id = "1, 0, 1", expect = ACCEPTABLE, desc = "the second restarts")
  @Outcome(id = "0, 1, 1", expect = ACCEPTABLE, desc = "the first restarts")
  @State
  public static class Upgrade {
    private final StressedPage page = StressedPage.unlocked();

    @Actor
    public void first(III_Result result) {
      result.r1 = increment();
    }

    @Actor
    public void second(III_Result result) {
      result.r2 = increment();
    }

    @Arbiter
    public void total(III_Result result) {
      result.r3 = page.left();
    }

    private int increment() {
      long seen = page.latches.optimistic(0);
      int value = page.left();
      if (!page.latches.tryUpgrade(0, seen)) {
        return 0;
      }
      page.setLeft(value + 1);
      page.latches.unlatchExclusive(0, true);
      return 1;
    }
  }

  /** Should never call a page clean whose last change is not in the copy that was written. */
  @JCStressTest
  @Outcome(id = "0, 0", expect = FORBIDDEN, desc = "the change is neither written nor dirty")
  @Outcome(id = "0, 1", expect = ACCEPTABLE, desc = "changed after the copy, dirty again")
  @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "changed before the copy, clean")
  @State
  public static class WriteBack {
    private final StressedPage page = StressedPage.unlocked();

    public WriteBack() {
      page.makeDirty();
    }

    @Actor
    public void writer(II_Result result) {
      page.latches.latchShared(0);
      page.states.tryBeginWrite(0);
      result.r1 = page.left();
      page.latches.unlatchShared(0);
      page.latches.endWrite(0, true);
    }

    @Actor
    public void changer() {
      page.latches.latchExclusive(0);
      page.setLeft(1);
      page.latches.unlatchExclusive(0, true);
    }

    @Arbiter
    public void dirty(II_Result result) {
      result.r2 = PageStates.isDirty(page.states.word(0)) ? 1 : 0;
    }
  }

  /** Should never validate a read of a page that was dropped meanwhile. */
  @JCStressTest
  @Outcome(id = "0", expect = FORBIDDEN, desc = "the zeroes of a dropped page, validated")
  @Outcome(id = "1", expect = ACCEPTABLE, desc = "the content")
  @Outcome(id = "-1", expect = ACCEPTABLE, desc = "restart, or seen to be evicted")
  @State
  public static class Evict {
    private final StressedPage page = StressedPage.unlocked();

    public Evict() {
      page.setLeft(1);
      page.mark();
    }

    @Actor
    public void evictor() {
      if (page.states.tryEvict(0, page.states.word(0))) {
        page.setLeft(0);
        page.latches.evicted(0);
      }
    }

    @Actor
    public void reader(I_Result result) {
      long seen = page.latches.optimistic(0);
      int value = page.left();
      boolean resident = PageStates.state(seen) != PageStates.EVICTED;
      result.r1 = resident && page.states.validate(0, seen) ? value : -1;
    }
  }
}
