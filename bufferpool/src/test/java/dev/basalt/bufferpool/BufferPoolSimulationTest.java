// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.iostack.sim.SimulatedClient;
import dev.basalt.iostack.sim.Simulation;
import dev.basalt.iostack.sim.SimulationPlan;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The whole pool under the baton: clients, page provider, page writer and poller in virtual time.
 * Replay one seed with {@code -Dbasalt.seed=N}.
 */
@Timeout(120)
class BufferPoolSimulationTest {
  private static final int SEED_COUNT = Integer.getInteger("basalt.seeds", 60);
  private static final long SEED_ONLY = Long.getLong("basalt.seed", -1);
  private static final int PAGE_COUNT = 400;
  private static final int CLIENT_COUNT = 3;
  private static final int STEP_COUNT = 150;

  @Test
  void shouldKeepAllInvariants() {
    if (SEED_ONLY >= 0) {
      run(SEED_ONLY);
      return;
    }
    for (long seed = 0; seed < SEED_COUNT; seed++) {
      try {
        run(seed);
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError("replay with -Dbasalt.seed=" + seed, e);
      }
    }
  }

  @Test
  void shouldGiveSameTraceForSameSeed() {
    assertEquals(run(7), run(7));
    assertTrue(run(7) != run(8));
  }

  private static long run(long seed) {
    Simulation simulation = new Simulation(seed);
    simulation.client("main", () -> clients(simulation, seed));
    simulation.run();
    return simulation.traceHash();
  }

  private static void clients(Simulation simulation, long seed) {
    // Grants few requests: pages pile up ahead of the log until a client makes it durable.
    RecordingGate gate = new RecordingGate(1, 40);
    TortureClient.Model model = new TortureClient.Model();
    try (PoolFixture fixture = new PoolFixture(SimulationPlan.of(seed), gate, simulation)) {
      TortureClient loader = new TortureClient(fixture, model, PAGE_COUNT, seed);
      loader.load();
      List<SimulatedClient> clients = new ArrayList<>();
      for (int i = 0; i < CLIENT_COUNT; i++) {
        TortureClient client =
            new TortureClient(fixture, model, PAGE_COUNT, seed * CLIENT_COUNT + i);
        clients.add(simulation.client("client-" + i, () -> steps(client)));
      }
      for (SimulatedClient client : clients) {
        client.join();
      }
      loader.verifyAll();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void steps(TortureClient client) {
    try {
      client.steps(STEP_COUNT);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
