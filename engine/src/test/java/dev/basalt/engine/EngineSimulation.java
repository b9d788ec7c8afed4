// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import dev.basalt.engine.internal.EngineSwitches;
import dev.basalt.iostack.sim.SimulatedClient;
import dev.basalt.iostack.sim.SimulatedDevice;
import dev.basalt.iostack.sim.SimulatedGeometry;
import dev.basalt.iostack.sim.Simulation;
import dev.basalt.iostack.sim.SimulationPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The whole engine in simulation, by seed: several lives of one store, each with three concurrent
 * clients and a power cut at some command, also while the store recovers. After each opening the
 * store is compared with the journal of what was logged, and verified.
 *
 * <p>As a program: {@code EngineSimulation --seeds 2000 --start 0}. Exits with 1 at the first
 * failure, after a line that reproduces it.
 */
final class EngineSimulation {
  /** Which rule is broken on purpose. */
  enum Bug {
    NONE,
    WAL_RULE,
    FLUSH_BEFORE_ACKNOWLEDGE,
    ORDER
  }

  static final int PAGE_BYTES = 4096;
  private static final int CLIENT_COUNT = 3;
  private static final UUID STORE_ID = new UUID(0x5eed, 1);

  private final long seed;
  private final Bug bug;
  private final Random random;
  private final SimulationJournal journal = new SimulationJournal();
  private long traceHash;

  EngineSimulation(long seed, Bug bug) {
    this.seed = seed;
    this.bug = bug;
    random = new Random(seed * 0x9E3779B97F4A7C15L);
  }

  /** Runs all lives; returns the hash of their traces. */
  long run() {
    SimulatedDevice device = null;
    int lives = 2 + random.nextInt(3);
    for (int life = 0; life < lives; life++) {
      device = live(device, life == lives - 1);
    }
    return traceHash;
  }

  private SimulatedDevice live(@Nullable SimulatedDevice before, boolean isLast) {
    Simulation simulation = new Simulation(random.nextLong());
    long cut = isLast ? 0 : 1 + random.nextInt(random.nextInt(3) == 0 ? 40 : 1200);
    SimulationPlan plan = SimulationPlan.of(random.nextLong()).withPowerCutAt(cut);
    SimulatedDevice device = device(before, plan, simulation);
    SimulatedPages pages = new SimulatedPages(device);
    int operations = isLast ? 10 : 40 + random.nextInt(160);
    StoreConfig config = config();
    simulation.client("opener", () -> live(simulation, device, pages, config, operations));
    simulation.run();
    traceHash = traceHash * 31 + simulation.traceHash();
    wasCut = simulation.powerCut();
    return device;
  }

  private boolean wasCut;

  private SimulatedDevice device(
      @Nullable SimulatedDevice before, SimulationPlan plan, Simulation simulation) {
    if (before == null) {
      return new SimulatedDevice(SimulatedGeometry.of(4 << 20), plan, simulation);
    }
    return wasCut
        ? before.afterPowerCut(plan, simulation)
        : before.afterProcessEnd(plan, simulation);
  }

  private StoreConfig config() {
    Durability durability =
        switch (bug == Bug.FLUSH_BEFORE_ACKNOWLEDGE ? 0 : random.nextInt(4)) {
          case 0, 1 -> Durability.sync();
          case 2 -> Durability.none();
          default -> Durability.parse("group:1");
        };
    return StoreConfig.builder()
        .device("sim:seed=" + seed)
        .pageBytes(PAGE_BYTES)
        .poolBytes(256L * PAGE_BYTES)
        .logBytes((2 + random.nextInt(3)) * 512L << 10)
        .growthBytes(64L * PAGE_BYTES)
        .queueDepth(8)
        .durability(durability)
        .build();
  }

  private void live(
      Simulation simulation,
      SimulatedDevice device,
      SimulatedPages pages,
      StoreConfig config,
      int operations) {
    EngineSwitches switches =
        new EngineSwitches(
            bug != Bug.WAL_RULE, bug != Bug.FLUSH_BEFORE_ACKNOWLEDGE, bug != Bug.ORDER, journal);
    try (Store store = Store.open(config, device, simulation, switches, STORE_ID)) {
      SimulationCheck check = new SimulationCheck(store, journal);
      check.checkRecovered(pages);
      List<SimulatedClient> clients = new ArrayList<>();
      boolean isSync = config.durability() instanceof Durability.Sync;
      for (int i = 0; i < CLIENT_COUNT; i++) {
        long clientSeed = simulation.random().nextLong();
        SimulationClient client =
            new SimulationClient(store, journal, new Random(clientSeed), isSync);
        clients.add(simulation.client("client-" + i, () -> client.run(operations)));
      }
      clients.forEach(SimulatedClient::join);
      check.checkContent();
      check.checkLimits();
    }
  }

  /** Runs seeds on as many threads as there are cores; returns the first failing seed or -1. */
  static long runAll(long start, long count, Bug bug, boolean isQuiet) {
    AtomicLong next = new AtomicLong(start);
    AtomicLong failed = new AtomicLong(Long.MAX_VALUE);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < Runtime.getRuntime().availableProcessors(); i++) {
      threads.add(
          Thread.ofPlatform().start(() -> runSome(next, start + count, bug, failed, isQuiet)));
    }
    for (Thread thread : threads) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
    return failed.get() == Long.MAX_VALUE ? -1 : failed.get();
  }

  private static void runSome(
      AtomicLong next, long limit, Bug bug, AtomicLong failed, boolean isQuiet) {
    for (long seed = next.getAndIncrement();
        seed < limit && failed.get() == Long.MAX_VALUE;
        seed = next.getAndIncrement()) {
      try {
        new EngineSimulation(seed, bug).run();
      } catch (Throwable e) { // Whatever a seed ends with must be reported with the seed.
        long failing = seed;
        failed.accumulateAndGet(failing, Math::min);
        if (!isQuiet) {
          report(seed, bug, e);
        }
      }
    }
  }

  private static void report(long seed, Bug bug, Throwable e) {
    synchronized (EngineSimulation.class) {
      System.err.println(
          "reproduce: EngineSimulation --seeds 1 --start " + seed + " --bug " + bug + ": " + e);
      e.printStackTrace();
    }
  }

  /**
   * Runs seeds.
   *
   * @param arguments {@code --seeds N}, {@code --start S}, {@code --bug NAME}
   */
  public static void main(String[] arguments) {
    long seeds = 2000;
    long start = 0;
    Bug bug = Bug.NONE;
    for (int i = 0; i + 1 < arguments.length; i += 2) {
      switch (arguments[i]) {
        case "--seeds" -> seeds = Long.parseLong(arguments[i + 1]);
        case "--start" -> start = Long.parseLong(arguments[i + 1]);
        case "--bug" -> bug = Bug.valueOf(arguments[i + 1]);
        default -> throw new IllegalArgumentException("unknown option " + arguments[i]);
      }
    }
    long begun = System.nanoTime();
    long failed = runAll(start, seeds, bug, false);
    System.out.printf(
        "%d seeds from %d, bug %s: %s, %.1f s%n",
        seeds,
        start,
        bug,
        failed < 0 ? "all passed" : "seed " + failed + " failed",
        (System.nanoTime() - begun) / 1e9);
    System.exit(failed < 0 ? 0 : 1);
  }
}
