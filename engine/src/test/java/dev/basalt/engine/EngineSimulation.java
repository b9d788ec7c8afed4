// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import dev.basalt.engine.internal.EngineSwitches;
import dev.basalt.iostack.sim.SimulatedClient;
import dev.basalt.iostack.sim.SimulatedDevice;
import dev.basalt.iostack.sim.Simulation;
import dev.basalt.iostack.sim.SimulationPlan;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The whole engine in simulation, by seed: several lives of one store, each with concurrent
 * clients, ended by a power cut at some command, also while the store recovers or closes, or by the
 * end of the process; in some lives commands fail. After each opening the store is compared with
 * the journal of what was logged, and verified. {@link SimulationShape} says what is varied, {@link
 * WatchedStoreDevice} what is checked at each write, {@link SimulationCoverage} what is counted.
 */
final class EngineSimulation {
  /** Which rule is broken on purpose. */
  enum Bug {
    NONE,
    WAL_RULE,
    FLUSH_BEFORE_ACKNOWLEDGE,
    ORDER
  }

  static final UUID STORE_ID = new UUID(0x5eed, 1);
  private static final int LAST_OPERATIONS = 10;

  /** A smaller log has no room for the images that a checkpoint on the way of recovery makes. */
  private static final long CHECKPOINTS_LOG_BYTES_MIN = 1 << 20;

  private final Bug bug;
  private final SimulationCoverage coverage;
  private final Random random;
  private final SimulationShape shape;
  private final SimulationJournal journal = new SimulationJournal();
  private final Map<Long, Integer> pageTypes = new HashMap<>();
  private @Nullable SimulatedDevice device;

  /** Whether the last life was ended by a power cut; else its process ended. */
  private boolean wasCut;

  private long traceHash;

  EngineSimulation(long seed, Bug bug, SimulationCoverage coverage) {
    this.bug = bug;
    this.coverage = coverage;
    random = new Random(seed * 0x9E3779B97F4A7C15L);
    shape = SimulationShape.draw(random);
  }

  /** Runs all lives; returns the hash of their traces. */
  long run() {
    int lives = 2 + random.nextInt(3);
    for (int i = 0; i < lives; i++) {
      live(i == 0 ? firstLife() : anyLife());
    }
    live(draw(SimulationPlan.of(random.nextLong()), false, LAST_OPERATIONS, 50));
    return traceHash;
  }

  /** Fills the store, mostly. */
  private SimulationLife.Draw firstLife() {
    long cut = random.nextInt(4) == 0 ? 1 + random.nextInt(200) : 500 + random.nextInt(2000);
    SimulationPlan plan = SimulationPlan.of(random.nextLong()).withPowerCutAt(cut);
    return draw(plan, false, 40 + random.nextInt(160), 5);
  }

  /** Ends in a power cut, mostly: early in recovery, late in it, or while clients run. */
  private SimulationLife.Draw anyLife() {
    int commands = 20 << random.nextInt(7);
    boolean isCut = random.nextInt(8) != 0;
    SimulationPlan plan =
        SimulationPlan.of(random.nextLong())
            .withPowerCutAt(isCut ? 1 + random.nextInt(commands) : 0);
    int operations = 10 + random.nextInt(60);
    int deletePercent = random.nextInt(3) == 0 ? 85 : 25;
    return random.nextInt(6) == 0
        ? draw(withErrors(plan, commands), true, operations, deletePercent)
        : draw(plan, false, operations, deletePercent);
  }

  private SimulationPlan withErrors(SimulationPlan plan, int commands) {
    return switch (random.nextInt(3)) {
      case 0 -> plan.withErrorAt(1 + random.nextInt(commands));
      case 1 -> plan.withErrors(new SimulationPlan.Errors(0.005, 0, 0));
      default -> plan.withErrors(new SimulationPlan.Errors(0.001, 0.001, 0.001));
    };
  }

  private SimulationLife.Draw draw(
      SimulationPlan plan, boolean hasErrors, int operations, int deletePercent) {
    StoreConfig config = shape.config(durability());
    return new SimulationLife.Draw(plan, hasErrors, config, operations, deletePercent);
  }

  private Durability durability() {
    return switch (bug == Bug.FLUSH_BEFORE_ACKNOWLEDGE ? 0 : random.nextInt(4)) {
      case 0, 1 -> Durability.sync();
      case 2 -> Durability.none();
      default -> Durability.parse("group:1");
    };
  }

  private void live(SimulationLife.Draw draw) {
    Simulation simulation = new Simulation(random.nextLong());
    SimulatedDevice next = next(draw.device(), simulation);
    SimulationLife life = new SimulationLife(draw, shape, journal, coverage);
    WatchedStoreDevice watched = new WatchedStoreDevice(next, life, pageTypes);
    simulation.client("opener", () -> live(simulation, watched, life));
    simulation.run();
    boolean isKill = random.nextInt(4) == 0; // the process dies, the device lives
    life.end(simulation.powerCut(), isKill, wasCut);
    traceHash = traceHash * 31 + simulation.traceHash();
    wasCut = simulation.powerCut() && !isKill;
    device = next;
  }

  private SimulatedDevice next(SimulationPlan plan, Simulation simulation) {
    SimulatedDevice before = device;
    if (before == null) {
      return new SimulatedDevice(shape.geometry(), plan, simulation);
    }
    return wasCut
        ? before.afterPowerCut(plan, simulation)
        : before.afterProcessEnd(plan, simulation);
  }

  private void live(Simulation simulation, WatchedStoreDevice watched, SimulationLife life) {
    try (Store store = open(simulation, watched, life.draw.config())) {
      journal.opened();
      life.opened(store);
      SimulationCheck check = new SimulationCheck(store, life);
      check.check(simulation.random());
      serve(simulation, store, life);
      check.check(simulation.random());
      life.closing();
    } catch (StoreException e) {
      life.failed(e);
    }
    life.closed();
  }

  private Store open(Simulation simulation, WatchedStoreDevice watched, StoreConfig config) {
    int checkpoints = shape.logBytes() >= CHECKPOINTS_LOG_BYTES_MIN ? 1 : 0;
    SimulationWatcher watcher = new SimulationWatcher(journal, simulation, checkpoints);
    EngineSwitches switches =
        new EngineSwitches(
            bug != Bug.WAL_RULE, bug != Bug.FLUSH_BEFORE_ACKNOWLEDGE, bug != Bug.ORDER, watcher);
    return Store.open(config, watched, simulation, switches, STORE_ID);
  }

  private void serve(Simulation simulation, Store store, SimulationLife life) {
    List<SimulatedClient> clients = new ArrayList<>();
    for (int i = 0; i < shape.clientCount(); i++) {
      Random ofClient = new Random(simulation.random().nextLong());
      SimulationClient client = new SimulationClient(store, life, ofClient);
      clients.add(simulation.client("client-" + i, client::run));
    }
    clients.forEach(SimulatedClient::join);
  }
}
