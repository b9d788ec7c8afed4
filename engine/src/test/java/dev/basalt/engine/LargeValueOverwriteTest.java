// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.engine.internal.EngineSwitches;
import dev.basalt.iostack.sim.SimulatedDevice;
import dev.basalt.iostack.sim.SimulatedGeometry;
import dev.basalt.iostack.sim.Simulation;
import dev.basalt.iostack.sim.SimulationPlan;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A key whose value is replaced is there at any time, also when the values are large. */
final class LargeValueOverwriteTest {
  private static final int KEYS = 5;
  private static final byte[] KEY = {2};

  @ParameterizedTest
  @ValueSource(ints = {5000, 10})
  void shouldNeverMissTheKey(int sizeOfOdd) {
    int reads = 0;
    for (int seed = 1; seed <= 3; seed++) {
      reads += overwrite(seed, sizeOfOdd);
    }
    assertTrue(reads > 100, "reads: " + reads);
  }

  private static int overwrite(int seed, int sizeOfOdd) {
    AtomicInteger reads = new AtomicInteger();
    AtomicBoolean isDone = new AtomicBoolean();
    Simulation simulation = new Simulation(seed);
    SimulatedDevice device =
        new SimulatedDevice(SimulatedGeometry.of(64 << 20), SimulationPlan.of(seed), simulation);
    simulation.client(
        "writer",
        () -> {
          Store store = open(device, simulation);
          Table table = store.table("t");
          for (int i = 0; i < KEYS; i++) {
            table.put(new byte[] {(byte) i}, new byte[5000]);
          }
          simulation.client("reader", () -> read(store, table, isDone, reads));
          for (int i = 0; i < 100; i++) {
            table.put(KEY, new byte[i % 2 == 0 ? 5000 + i : sizeOfOdd + i]);
          }
          isDone.set(true);
        });
    simulation.run();
    return reads.get();
  }

  private static void read(Store store, Table table, AtomicBoolean isDone, AtomicInteger reads) {
    RecordBatch batch = new RecordBatch(KEYS + 1, 100_000);
    while (!isDone.get()) {
      reads.incrementAndGet();
      assertNotNull(table.get(KEY));
      assertNotNull(table.getAll(List.of(KEY)).getFirst());
      int found = 0;
      try (Cursor cursor = table.cursor(Range.all())) {
        while (cursor.next()) {
          assertTrue(cursor.value().length > 0);
          found++;
        }
        cursor.seek(new byte[0]);
        assertEquals(KEYS, cursor.next(batch));
      }
      assertEquals(KEYS, found);
    }
    store.close();
  }

  private static Store open(SimulatedDevice device, Simulation simulation) {
    StoreConfig config =
        StoreConfig.builder()
            .device("sim:")
            .poolBytes(2 << 20)
            .logBytes(4 << 20)
            .durability(Durability.none())
            .queueDepth(32)
            .build();
    return Store.open(config, device, simulation, EngineSwitches.NONE_BROKEN, new UUID(1, 2));
  }
}
