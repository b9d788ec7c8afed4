// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.engine.internal.EngineSwitches;
import dev.basalt.iostack.sim.SimulatedDevice;
import dev.basalt.iostack.sim.SimulatedGeometry;
import dev.basalt.iostack.sim.Simulation;
import dev.basalt.iostack.sim.SimulationPlan;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a scan of large values leaves in memory of a table that gets use. In simulation. */
@Timeout(60)
class LargeValueScanTest {
  private static final int HOT_RECORDS = 3_000;
  private static final int LARGE_RECORDS = 300;
  private static final int LARGE_BYTES = 15_000;

  private static byte[] key(int number) {
    return ByteBuffer.allocate(4).putInt(number).array();
  }

  private static byte[] large(int number) {
    byte[] bytes = new byte[LARGE_BYTES];
    Arrays.fill(bytes, (byte) number);
    return bytes;
  }

  @Test
  void shouldKeepHotPagesBesideScanOfLargeValues() {
    Simulation simulation = new Simulation(3);
    simulation.client(
        "main",
        () -> {
          SimulatedDevice device =
              new SimulatedDevice(SimulatedGeometry.of(64 << 20), SimulationPlan.of(1), simulation);
          StoreConfig config =
              StoreConfig.builder()
                  .device("sim:test")
                  .poolBytes(2 << 20)
                  .logBytes(4 << 20)
                  .durability(Durability.none())
                  .queueDepth(32)
                  .build();
          try (Store store =
              Store.open(config, device, simulation, EngineSwitches.NONE_BROKEN, new UUID(1, 2))) {
            run(store);
          }
        });
    simulation.run();
  }

  private static void run(Store store) {
    Table hot = store.table("hot");
    Table large = store.table("large");
    for (int i = 0; i < LARGE_RECORDS; i++) {
      large.put(key(i), large(i));
    }
    for (int i = 0; i < HOT_RECORDS; i++) {
      hot.put(key(i), new byte[200]);
    }
    store.checkpoint();
    long cold = getAll(store, hot);
    for (int round = 0; round < 3; round++) {
      cold = getAll(store, hot);
    }
    assertEquals(0, cold);
    scan(large);
    scan(large);
    long misses = getAll(store, hot);
    assertTrue(misses <= 20, misses + " misses of some 200 pages");
  }

  private static long getAll(Store store, Table table) {
    long before = store.statistics().counter("pool.misses");
    for (int i = 0; i < HOT_RECORDS; i++) {
      assertNotNull(table.get(key(i)));
    }
    return store.statistics().counter("pool.misses") - before;
  }

  private static void scan(Table table) {
    int count = 0;
    try (Cursor cursor = table.cursor(Range.all())) {
      for (; cursor.next(); count++) {
        assertArrayEquals(large(count), cursor.value());
      }
    }
    assertEquals(LARGE_RECORDS, count);
  }
}
