// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.engine.internal.EngineSwitches;
import dev.basalt.index.ContentionConfig;
import dev.basalt.index.TreeContention;
import dev.basalt.iostack.sim.SimulatedClient;
import dev.basalt.iostack.sim.SimulatedDevice;
import dev.basalt.iostack.sim.SimulatedGeometry;
import dev.basalt.iostack.sim.Simulation;
import dev.basalt.iostack.sim.SimulationPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What a store says of its writers' contention, in this life and in the next. */
final class ContentionTest {
  private static final int RECORDS = 24;
  private static final int UPDATES = 1_500;

  @Test
  void shouldCountAndSaveWhereWritersMeet() {
    Simulation first = new Simulation(1);
    SimulatedDevice device =
        new SimulatedDevice(SimulatedGeometry.of(8 << 20), SimulationPlan.of(2), first);
    first.client("opener", () -> contend(first, device));
    first.run();
    Simulation second = new Simulation(3);
    SimulatedDevice later = device.afterProcessEnd(SimulationPlan.of(4), second);
    second.client("opener", () -> look(second, later));
    second.run();
  }

  private static void contend(Simulation simulation, SimulatedDevice device) {
    try (Store store = open(simulation, device)) {
      assertEquals(List.of(), store.savedContention().leaves());
      Table table = store.table("hot");
      store.table("cold").put(key(0), new byte[10]);
      for (int i = 0; i < RECORDS; i++) {
        table.put(key(i), new byte[100]);
      }
      List<SimulatedClient> writers = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        byte[] key = key(10 + i);
        writers.add(simulation.client("writer-" + i, () -> update(table, key)));
      }
      writers.forEach(SimulatedClient::join);
      TreeContention contention = contention(store, "hot");
      assertEquals(1, contention.splits());
      assertEquals(1, store.statistics().counter("index.contentionSplits"));
      assertEquals(
          contention.contendedUpdates(), store.statistics().counter("index.updatesContended"));
      assertEquals(0, contention(store, "cold").contendedUpdates());
      assertEquals(List.of(), store.verify().problems());
    }
  }

  private static TreeContention contention(Store store, String table) {
    return Objects.requireNonNull(store.contention().get(table));
  }

  private static void update(Table table, byte[] key) {
    for (int i = 0; i < UPDATES; i++) {
      table.put(key, new byte[100]);
    }
  }

  private static void look(Simulation simulation, SimulatedDevice device) {
    try (Store store = open(simulation, device)) {
      SavedContention.Leaf leaf = store.savedContention().leaves().getFirst();
      assertEquals("hot", leaf.table());
      assertEquals(1, leaf.splits());
      assertEquals(0, leaf.lowerFence().length);
      assertTrue(leaf.contendedUpdates() > 0, leaf.toString());
      assertEquals(List.of("cold", "hot"), store.tables());
      store.table("new").put(key(1), key(1)); // the entry does not count as a table
      assertEquals(List.of("cold", "hot", "new"), store.tables());
      assertEquals(List.of(), store.verify().problems());
    }
  }

  private static Store open(Simulation simulation, SimulatedDevice device) {
    StoreConfig config =
        StoreConfig.builder()
            .device("sim:")
            .poolBytes(1 << 20)
            .logBytes(2 << 20)
            .growthBytes(1 << 20)
            .queueDepth(8)
            .durability(Durability.none())
            .contention(new ContentionConfig(1, 64, 1))
            .build();
    return Store.open(config, device, simulation, EngineSwitches.NONE_BROKEN, new UUID(1, 2));
  }

  private static byte[] key(int i) {
    return new byte[] {'k', (byte) i};
  }
}
