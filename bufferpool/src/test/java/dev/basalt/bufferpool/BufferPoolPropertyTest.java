// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** One client against a map from page id to stamp. */
class BufferPoolPropertyTest {
  private static final int PAGE_COUNT = PoolFixture.PAGE_COUNT;

  enum Kind {
    CREATE,
    READ,
    READ_OPTIMISTICALLY,
    UPDATE,
    UPGRADE,
    DISCARD,
    WRITE_BACK,
    WRITE_BACK_ALL,
    PREFETCH,
    CROWD_OUT
  }

  record Action(Kind kind, int pageId) {}

  @Provide
  Arbitrary<List<Action>> actions() {
    Arbitrary<Integer> few = Arbitraries.integers().between(0, 9);
    Arbitrary<Integer> any = Arbitraries.integers().between(0, PAGE_COUNT - 1);
    return Combinators.combine(Arbitraries.of(Kind.class), Arbitraries.oneOf(few, any))
        .as(Action::new)
        .list()
        .ofMaxSize(120);
  }

  @Property(tries = 40)
  void shouldBehaveLikeAMap(@ForAll("actions") List<Action> actions) throws IOException {
    Map<Integer, Long> model = new HashMap<>();
    try (PoolFixture fixture = PoolFixture.threads()) {
      long stamp = 0;
      for (Action action : actions) {
        run(fixture, model, action, ++stamp);
      }
      for (Map.Entry<Integer, Long> page : model.entrySet()) {
        assertEquals(page.getValue(), fixture.read(page.getKey()));
      }
      BufferPoolStatistics statistics = fixture.pool.statistics();
      assertTrue(statistics.residentCount() <= statistics.frameCount());
      fixture.assertNoViolation();
    }
  }

  private static void run(PoolFixture fixture, Map<Integer, Long> model, Action action, long stamp)
      throws IOException {
    int pageId = action.pageId();
    Long expected = model.get(pageId);
    switch (action.kind()) {
      case CREATE -> {
        fixture.create(pageId, stamp);
        model.put(pageId, stamp);
      }
      case WRITE_BACK -> fixture.pool.writeBack(new long[] {pageId, pageId ^ 1}, 2);
      case WRITE_BACK_ALL -> writeBackAll(fixture);
      case PREFETCH -> fixture.pool.prefetch(new long[] {pageId, pageId ^ 1}, 2);
      case CROWD_OUT -> crowdOut(fixture, model, stamp);
      default -> {
        if (expected != null) {
          runOnPage(fixture, model, action, stamp);
        }
      }
    }
  }

  private static void runOnPage(
      PoolFixture fixture, Map<Integer, Long> model, Action action, long stamp) throws IOException {
    int pageId = action.pageId();
    switch (action.kind()) {
      case READ -> assertEquals(model.get(pageId), fixture.read(pageId));
      case READ_OPTIMISTICALLY ->
          assertEquals(model.get(pageId), fixture.readOptimistically(pageId));
      case UPDATE -> {
        fixture.update(pageId, stamp);
        model.put(pageId, stamp);
      }
      case UPGRADE -> {
        long token = fixture.pool.optimistic(pageId);
        if (fixture.pool.tryUpgrade(pageId, token)) {
          fixture.write(pageId, stamp);
          fixture.pool.unlatchExclusive(pageId, true);
          model.put(pageId, stamp);
        }
      }
      case DISCARD -> {
        fixture.pool.latchExclusive(pageId);
        fixture.pool.discard(pageId);
        model.remove(pageId);
      }
      default -> throw new AssertionError(action);
    }
  }

  private static void writeBackAll(PoolFixture fixture) throws IOException {
    fixture.pool.writeBackAll();
    long written = fixture.device.pagesWritten.get();
    fixture.pool.writeBackAll();
    assertEquals(written, fixture.device.pagesWritten.get(), "nothing was dirty any more");
    assertEquals(0, fixture.pool.statistics().dirtyCountEstimate());
  }

  /** Creates more pages than there are frames. */
  private static void crowdOut(PoolFixture fixture, Map<Integer, Long> model, long stamp)
      throws IOException {
    for (int pageId = PAGE_COUNT - 300; pageId < PAGE_COUNT; pageId++) {
      fixture.create(pageId, stamp);
      model.put(pageId, stamp);
    }
    assertThrows(IllegalArgumentException.class, () -> fixture.pool.create(PAGE_COUNT));
  }
}
