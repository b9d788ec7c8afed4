// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.iostack.sim.SimulatedClient;
import dev.basalt.iostack.sim.Simulation;
import dev.basalt.iostack.sim.SimulationPlan;
import dev.basalt.iostack.sim.SimulationPlan.Latencies;
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

  /** A discarded page is evicted while its last content is still on its way to the device. */
  @Test
  void shouldNotReadOrWritePageWhoseWriteIsInFlight() {
    SimulationPlan plan = SimulationPlan.of(1).withLatencies(new Latencies(1_000, 1_000_000, 0, 0));
    for (int seed = 0; seed < 20; seed++) {
      Simulation simulation = new Simulation(seed);
      simulation.client("main", () -> discardWhileWriting(simulation, plan));
      simulation.run();
    }
  }

  private static void discardWhileWriting(Simulation simulation, SimulationPlan plan) {
    try (PoolFixture fixture = new PoolFixture(plan, RecordingGate.open(), simulation)) {
      fixture.create(5, 1);
      SimulatedClient writer = simulation.client("writer", () -> writeBackAll(fixture));
      while (fixture.device.pagesWritten.get() == 0) {
        simulation.parkNanos(fixture, 1_000);
      }
      fixture.pool.latchExclusive(5);
      fixture.pool.discard(5);
      assertEquals(1, fixture.read(5)); // of a free page: the content last written
      writer.join();
      fixture.update(5, 2);
      writer = simulation.client("writer", () -> writeBackAll(fixture));
      while (fixture.device.pagesWritten.get() == 1) {
        simulation.parkNanos(fixture, 1_000);
      }
      fixture.pool.latchExclusive(5);
      fixture.pool.discard(5);
      fixture.create(5, 3);
      fixture.pool.writeBackAll();
      assertEquals(3, fixture.device.pagesWritten.get());
      writer.join();
      fixture.assertNoViolation();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void writeBackAll(PoolFixture fixture) {
    try {
      fixture.pool.writeBackAll();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
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
