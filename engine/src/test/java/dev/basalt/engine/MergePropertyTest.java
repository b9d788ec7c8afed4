// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.index.MergeConfig;
import dev.basalt.iostack.sim.SimulatedDevice;
import dev.basalt.iostack.sim.SimulatedGeometry;
import dev.basalt.iostack.sim.Simulation;
import dev.basalt.iostack.sim.SimulationPlan;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;

/**
 * A store with the smallest pool, whose sparse leaves are merged while it is used, against a sorted
 * map: puts, deletes, gets of many keys, and scans both ways of a part.
 */
final class MergePropertyTest {
  private static final long POOL_BYTES = 64 * 4096;
  private static final int PHASES = 6;
  private static final int CHANGES = 1_000;
  private static final int KEYS_OF_READ = 50;
  private static long merges;

  private final NavigableMap<byte[], byte[]> model = new TreeMap<>(Arrays::compareUnsigned);

  @Property(tries = 20)
  void shouldKeepWhatASortedMapHolds(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = MergeConfig.SIBLINGS_MAX) int siblings,
      @ForAll @IntRange(min = 50, max = 100) int belowPercent,
      @ForAll @IntRange(min = 500, max = 4_000) int keys) {
    model.clear();
    Simulation simulation = new Simulation(seed);
    SimulatedDevice device =
        new SimulatedDevice(SimulatedGeometry.of(16 << 20), SimulationPlan.of(seed), simulation);
    MergeConfig config = new MergeConfig(siblings, belowPercent);
    Random random = new Random(seed);
    MergeTest.run(simulation, device, POOL_BYTES, config, store -> use(store, random, keys));
  }

  /** Else nothing was tried. */
  @AfterContainer
  static void haveMerged() {
    assertTrue(merges > 50, "merges: " + merges);
  }

  private void use(Store store, Random random, int keys) {
    Table table = store.table("t");
    Table other = store.table("other");
    for (int phase = 0; phase < PHASES; phase++) {
      int putPercent = phase % 2 == 0 ? 90 : 20;
      for (int i = 0; i < CHANGES; i++) {
        change(table, random, keys, putPercent);
      }
      other.put(key(phase), new byte[phase]);
      scan(table, random, keys, random.nextBoolean());
      getTogether(table, random, keys);
    }
    VerifyReport report = store.verify();
    assertEquals(List.of(), report.problems());
    assertEquals(model.size(), report.tables().getLast().entryCount());
    scan(table, random, 0, true);
    merges += store.statistics().counter("index.merges");
  }

  private void change(Table table, Random random, int keys, int putPercent) {
    byte[] key = key(random.nextInt(keys));
    if (random.nextInt(100) < putPercent) {
      byte[] value = new byte[random.nextInt(400)];
      random.nextBytes(value);
      table.put(key, value);
      model.put(key, value);
    } else {
      assertEquals(model.remove(key) != null, table.delete(key));
    }
  }

  /** From a key drawn of so many. */
  private void scan(Table table, Random random, int keys, boolean isUpwards) {
    byte[] from = key(random.nextInt(keys + 1));
    NavigableMap<byte[], byte[]> part = model.tailMap(from, true);
    Iterator<Map.Entry<byte[], byte[]>> expected =
        (isUpwards ? part : part.descendingMap()).entrySet().iterator();
    try (Cursor cursor = table.cursor(Range.from(from))) {
      while (isUpwards ? cursor.next() : cursor.previous()) {
        Map.Entry<byte[], byte[]> entry = expected.next();
        assertArrayEquals(entry.getKey(), cursor.key());
        assertArrayEquals(entry.getValue(), cursor.value());
      }
    }
    assertFalse(expected.hasNext(), "keys are missing");
  }

  private void getTogether(Table table, Random random, int keys) {
    List<byte[]> wanted = new ArrayList<>();
    for (int i = 0; i < KEYS_OF_READ; i++) {
      wanted.add(key(random.nextInt(keys)));
    }
    List<byte[]> values = table.getAll(wanted);
    for (int i = 0; i < KEYS_OF_READ; i++) {
      assertArrayEquals(model.get(wanted.get(i)), values.get(i));
    }
  }

  private static byte[] key(int number) {
    return ByteBuffer.allocate(4).putInt(number).array();
  }
}
