// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class InFlightTableTest {
  private final InFlightTable table = new InFlightTable(8, 100);

  @Test
  void shouldNumberCommitsFromTheLastSequence() {
    assertEquals(101, table.register(5000));
    assertEquals(102, table.register(5100));
    assertEquals(100, table.applied());
    assertEquals(102, table.last());
  }

  @Test
  void shouldHoldTheRedoPointAtTheFirstCommitNotApplied() {
    table.register(5000);
    table.register(5100);
    table.register(5200);
    assertFalse(table.complete(102), "nothing moves before the first");
    assertEquals(5000, table.firstLsn(9000));
    assertTrue(table.complete(101));
    assertEquals(102, table.applied());
    assertEquals(5200, table.firstLsn(9000));
    assertTrue(table.complete(103));
    assertEquals(9000, table.firstLsn(9000));
  }

  @Test
  void shouldHoldTheRedoPointAtARunUntilItIsClosed() {
    table.openRun(4000);
    table.openRun(4500);
    table.complete(table.register(5000));
    assertEquals(4000, table.firstLsn(9000));
    table.closeRun(4000);
    table.closeRun(4000);
    assertEquals(4500, table.firstLsn(9000));
    table.closeRun(4500);
    assertEquals(9000, table.firstLsn(9000));
    assertEquals(8000, table.firstLsn(8000));
  }

  @Test
  void shouldKeepManyRuns() {
    for (int i = 0; i < 100; i++) {
      table.openRun(1000 + i);
    }
    for (int i = 0; i < 99; i++) {
      table.closeRun(1000 + i);
    }
    assertEquals(1099, table.firstLsn(9000));
  }

  @Test
  void shouldBeFullWhenTheFirstIsNotApplied() {
    for (int i = 0; i < 8; i++) {
      assertTrue(table.hasRoom());
      table.register(i);
    }
    assertFalse(table.hasRoom());
    table.complete(104);
    assertFalse(table.hasRoom());
    table.complete(101);
    assertTrue(table.hasRoom());
  }

  @Test
  void shouldMoveOverEveryCommitHoweverTheyComplete() throws InterruptedException {
    InFlightTable large = new InFlightTable(1 << 16, 0);
    int count = 60_000;
    for (int i = 0; i < count; i++) {
      large.register(i);
    }
    AtomicInteger next = new AtomicInteger();
    Thread[] threads = new Thread[3];
    for (int i = 0; i < threads.length; i++) {
      threads[i] =
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int n = next.incrementAndGet(); n <= count; n = next.incrementAndGet()) {
                      large.complete(n);
                    }
                  });
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertEquals(count, large.applied());
  }
}
