// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class CoolingTest {
  @Test
  void shouldReadNothingForAPageThatIsNotThere() throws IOException {
    try (PoolFixture fixture = PoolFixture.threads()) {
      long misses = fixture.pool.statistics().misses();
      assertEquals(BufferPool.NOT_RESIDENT, fixture.pool.tryOptimistic(3));
      assertEquals(misses, fixture.pool.statistics().misses());
      fixture.create(3, 1);
      long token = fixture.pool.tryOptimistic(3);
      assertNotEquals(BufferPool.NOT_RESIDENT, token);
      assertTrue(BufferPool.isDirty(token));
      assertTrue(fixture.pool.validate(3, token));
      assertTrue(fixture.pool.tryUpgrade(3, token));
      assertEquals(BufferPool.NOT_RESIDENT, fixture.pool.tryOptimistic(3), "latched");
      fixture.pool.unlatchExclusive(3, false);
      fixture.pool.writeBackAll();
      assertFalse(BufferPool.isDirty(fixture.pool.tryOptimistic(3)));
    }
  }

  @Test
  void shouldSayWhichPagesItMarks() throws IOException {
    try (PoolFixture fixture = PoolFixture.threads()) {
      AtomicInteger calls = new AtomicInteger();
      fixture.pool.whenCooling(calls::incrementAndGet);
      assertFalse(fixture.pool.hasCooling());
      fixture.fill(); // more pages than frames
      assertTrue(fixture.pool.hasCooling());
      int pages = 0;
      while (fixture.pool.pollCooling() != BufferPool.NO_PAGE) {
        pages++;
      }
      assertTrue(pages > 0, "no page was marked");
    }
  }
}
