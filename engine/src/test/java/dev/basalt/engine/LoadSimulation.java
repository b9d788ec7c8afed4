// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import dev.basalt.engine.internal.EngineSwitches;
import dev.basalt.iostack.sim.SimulatedClient;
import dev.basalt.iostack.sim.SimulatedDevice;
import dev.basalt.iostack.sim.SimulatedGeometry;
import dev.basalt.iostack.sim.Simulation;
import dev.basalt.iostack.sim.SimulationPlan;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Loads in simulation, by seed: several lives of one store. In each, one client fills table {@code
 * loaded} again and again, by a load when it is empty, and changes and empties it, while another
 * writes to table {@code other}, takes checkpoints, and now and then disturbs a load. Power is cut
 * at some command, also while the store recovers. After each opening the store is compared with
 * what was logged, and verified: each page has an owner.
 */
final class LoadSimulation {
  /** How often the interesting things happened. */
  static final class Tally {
    int loads;
    int disturbed;
    int byBatches;
    int cuts;
    int recoveredLoads;
  }

  private static final int PAGE_BYTES = 4096;
  private static final UUID STORE_ID = new UUID(0x10ad, 1);
  private static final String LOADED = "loaded";
  private static final String OTHER = "other";

  private final long seed;
  private final Tally tally;
  private final Random random;
  private final LoadJournal journal = new LoadJournal();
  private boolean wasCut;
  private boolean wasLoaded;

  LoadSimulation(long seed, Tally tally) {
    this.seed = seed;
    this.tally = tally;
    random = new Random(seed * 0x9E3779B97F4A7C15L);
  }

  void run() {
    SimulatedDevice device = null;
    int lives = 2 + random.nextInt(3);
    for (int life = 0; life < lives; life++) {
      device = live(device, life == lives - 1);
    }
  }

  private SimulatedDevice live(@Nullable SimulatedDevice before, boolean isLast) {
    Simulation simulation = new Simulation(random.nextLong());
    long cut = isLast ? 0 : 1 + random.nextInt(random.nextInt(4) == 0 ? 40 : 600);
    SimulationPlan plan = SimulationPlan.of(random.nextLong()).withPowerCutAt(cut);
    SimulatedDevice device;
    if (before == null) {
      device = new SimulatedDevice(SimulatedGeometry.of(4 << 20), plan, simulation);
    } else {
      device =
          wasCut
              ? before.afterPowerCut(plan, simulation)
              : before.afterProcessEnd(plan, simulation);
    }
    StoreConfig config = config();
    int rounds = isLast ? 1 : 3 + random.nextInt(6);
    simulation.client("opener", () -> live(simulation, device, config, rounds));
    simulation.run();
    wasCut = simulation.powerCut();
    tally.cuts += wasCut ? 1 : 0;
    return device;
  }

  private StoreConfig config() {
    return StoreConfig.builder()
        .device("sim:seed=" + seed)
        .pageBytes(PAGE_BYTES)
        .poolBytes(256L * PAGE_BYTES)
        .logBytes((2 + random.nextInt(3)) * 512L << 10)
        .growthBytes(64L * PAGE_BYTES)
        .queueDepth(8)
        .durability(random.nextInt(3) == 0 ? Durability.none() : Durability.sync())
        .build();
  }

  private void live(Simulation simulation, SimulatedDevice device, StoreConfig config, int rounds) {
    EngineSwitches switches = new EngineSwitches(true, true, true, journal);
    boolean isSync = config.durability() instanceof Durability.Sync;
    try (Store store = Store.open(config, device, simulation, switches, STORE_ID)) {
      check(store);
      store.table(LOADED);
      store.table(OTHER);
      Random loading = new Random(simulation.random().nextLong());
      Random writing = new Random(simulation.random().nextLong());
      SimulatedClient loader =
          simulation.client("loader", () -> fillAndEmpty(store, loading, isSync, rounds));
      SimulatedClient writer =
          simulation.client("writer", () -> write(store, writing, isSync, 20 * rounds));
      loader.join();
      writer.join();
      check(store);
    }
  }

  private void check(Store store) {
    Map<String, Map<String, String>> expected = journal.content();
    for (String name : store.tables()) {
      TreeMap<String, String> found = new TreeMap<>();
      try (Cursor cursor = store.table(name).cursor(Range.all())) {
        while (cursor.next()) {
          found.put(text(cursor.key()), text(cursor.value()));
        }
      }
      Map<String, String> content = expected.getOrDefault(name, Map.of());
      require(found.keySet().equals(content.keySet()), name + " has other keys than were logged");
      require(found.equals(content), name + " has other values than were logged");
      tally.recoveredLoads += wasLoaded && name.equals(LOADED) && !found.isEmpty() ? 1 : 0;
    }
    VerifyReport report = store.verify();
    require(report.isWhole(), report.problems().toString());
  }

  private void fillAndEmpty(Store store, Random client, boolean isSync, int rounds) {
    Table table = store.table(LOADED);
    for (int round = 0; round < rounds; round++) {
      for (String key : keys(table)) {
        change(table, key, null, isSync);
      }
      for (int i = client.nextInt(6); i > 0; i--) {
        String key = key(client.nextInt(300));
        change(table, key, "old" + round, isSync);
        change(table, key, null, isSync);
      }
      if (hasOnePage(store)) {
        load(table, client, isSync);
      } else {
        tally.byBatches++; // would not be all or nothing
      }
      for (int i = client.nextInt(40); i > 0; i--) {
        String key = key(client.nextInt(300));
        change(table, key, client.nextInt(3) == 0 ? null : value(client), isSync);
      }
    }
  }

  private static boolean hasOnePage(Store store) {
    return store.verify().tables().stream()
        .anyMatch(table -> table.name().equals(LOADED) && table.pageCount() == 1);
  }

  private void load(Table table, Random client, boolean isSync) {
    TreeMap<String, @Nullable String> entries = new TreeMap<>();
    int count = 1 + client.nextInt(client.nextInt(3) == 0 ? 1_200 : 120);
    for (int i = 0; i < count; i++) {
      entries.put(key(client.nextInt(2 * count)), value(client));
    }
    journal.announce(table.name(), entries);
    try {
      table.bulkLoad(new Entries(entries));
      tally.loads++;
      wasLoaded = true;
    } catch (IllegalStateException e) {
      require(!journal.isLogged(), "a load failed that was logged");
      tally.disturbed++;
    }
    journal.acknowledge(isSync);
  }

  private void write(Store store, Random client, boolean isSync, int operations) {
    Table other = store.table(OTHER);
    Table loaded = store.table(LOADED);
    for (int i = 0; i < operations; i++) {
      int choice = client.nextInt(60);
      if (choice == 0) {
        store.checkpoint();
      } else if (choice == 1) {
        change(loaded, key(client.nextInt(300)), "disturbs", isSync);
      } else if (choice == 2) {
        require(store.verify().isWhole(), "not whole in between");
      } else {
        String key = key(client.nextInt(100));
        change(other, key, client.nextInt(3) == 0 ? null : value(client), isSync);
      }
    }
  }

  private void change(Table table, String key, @Nullable String value, boolean isSync) {
    TreeMap<String, @Nullable String> one = new TreeMap<>();
    one.put(key, value);
    journal.announce(table.name(), one);
    if (value == null) {
      table.delete(bytes(key));
    } else {
      table.put(bytes(key), bytes(value));
    }
    journal.acknowledge(isSync);
  }

  private static Iterable<String> keys(Table table) {
    TreeMap<String, String> found = new TreeMap<>();
    try (Cursor cursor = table.cursor(Range.all())) {
      while (cursor.next()) {
        found.put(text(cursor.key()), "");
      }
    }
    return found.keySet();
  }

  private static String key(int number) {
    return "key-%06d".formatted(number) + "-".repeat(number % 5 * 4);
  }

  private static String value(Random client) {
    int length =
        switch (client.nextInt(30)) {
          case 0 -> client.nextInt(9_000);
          case 1, 2 -> client.nextInt(900);
          default -> client.nextInt(150);
        };
    return client.nextInt() + "x".repeat(length);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static void require(boolean isTrue, String otherwise) {
    if (!isTrue) {
      throw new AssertionError(otherwise);
    }
  }

  /** The entries of a map as input of a load. */
  private static final class Entries implements SortedSource {
    private final Iterator<Map.Entry<String, @Nullable String>> iterator;
    private byte[] key = {};
    private byte[] value = {};

    Entries(Map<String, @Nullable String> entries) {
      iterator = entries.entrySet().iterator();
    }

    @Override
    public boolean next() {
      if (!iterator.hasNext()) {
        return false;
      }
      Map.Entry<String, @Nullable String> entry = iterator.next();
      key = bytes(entry.getKey());
      value = bytes(String.valueOf(entry.getValue()));
      return true;
    }

    @Override
    public MemorySegment key() {
      return MemorySegment.ofArray(key);
    }

    @Override
    public MemorySegment value() {
      return MemorySegment.ofArray(value);
    }
  }
}
