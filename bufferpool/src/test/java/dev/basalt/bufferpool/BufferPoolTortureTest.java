// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.iostack.sim.SimulationPlan;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Real threads on a pool that holds a quarter of the pages. */
@Timeout(60)
class BufferPoolTortureTest {
  private static final int STEP_COUNT = Integer.getInteger("basalt.torture.steps", 20_000);

  @Test
  void shouldKeepContentWithPlatformThreads() throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
      torture(threads, 3, STEP_COUNT);
    }
  }

  @Test
  void shouldKeepContentWithVirtualThreads() throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      torture(threads, 300, STEP_COUNT / 100);
    }
  }

  private static void torture(ExecutorService threads, int clientCount, int steps)
      throws Exception {
    RecordingGate gate = new RecordingGate(1, 40);
    TortureClient.Model model = new TortureClient.Model();
    try (PoolFixture fixture = PoolFixture.threads(SimulationPlan.of(1), gate)) {
      TortureClient loader = new TortureClient(fixture, model, PoolFixture.PAGE_COUNT, 0);
      loader.load();
      List<Future<?>> clients = new ArrayList<>();
      for (int i = 0; i < clientCount; i++) {
        TortureClient client = new TortureClient(fixture, model, PoolFixture.PAGE_COUNT, i + 1);
        clients.add(
            threads.submit(
                () -> {
                  client.steps(steps);
                  return null;
                }));
      }
      for (Future<?> client : clients) {
        client.get();
      }
      loader.verifyAll();
      BufferPoolStatistics statistics = fixture.pool.statistics();
      assertTrue(statistics.residentCount() <= statistics.frameCount());
    }
  }

  /** Samples between reads: the kernel counts page by page, so no page may come in meanwhile. */
  @Test
  void shouldNeverHoldMoreMemoryThanItsFrames() throws IOException {
    try (PoolFixture fixture = PoolFixture.threads()) {
      fixture.fill();
      Random random = new Random(1);
      long limit = (long) fixture.frameCount() * PoolFixture.PAGE;
      long seen = 0;
      for (int sample = 0; sample < 50; sample++) {
        for (int i = random.nextInt(200); i >= 0; i--) {
          fixture.update(random.nextInt(PoolFixture.PAGE_COUNT), sample);
        }
        long bytes = RegionMemory.resident(fixture.pool.address(0), fixture.pool.address(0));
        assertTrue(bytes <= limit, bytes + " bytes resident, limit " + limit);
        seen = Math.max(seen, bytes);
      }
      assertTrue(seen > limit / 2, "the samples saw " + seen + " bytes of " + limit);
    }
  }
}
