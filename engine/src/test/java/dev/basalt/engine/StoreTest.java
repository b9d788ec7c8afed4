// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.engine.internal.EngineSwitches;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.sim.SimulatedDevice;
import dev.basalt.iostack.sim.SimulatedGeometry;
import dev.basalt.iostack.sim.SimulationPlan;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.Test;

final class StoreTest {
  private static final UUID STORE_ID = new UUID(1, 2);

  private static StoreConfig config() {
    return StoreConfig.builder()
        .device("sim:test")
        .poolBytes(4 << 20)
        .logBytes(2 << 20)
        .growthBytes(1 << 20)
        .queueDepth(16)
        .build();
  }

  private static SimulatedDevice device() {
    SimulationPlan plan =
        SimulationPlan.of(7).withLatencies(new SimulationPlan.Latencies(0, 0, 0, 0));
    return new SimulatedDevice(SimulatedGeometry.of(16 << 20), plan, Execution.threads());
  }

  private static Store open(SimulatedDevice device) {
    return Store.open(config(), device, Execution.threads(), EngineSwitches.NONE_BROKEN, STORE_ID);
  }

  /** Opens what an orderly close has left. */
  private static Store reopen(SimulatedDevice closed) {
    SimulationPlan plan =
        SimulationPlan.of(9).withLatencies(new SimulationPlan.Latencies(0, 0, 0, 0));
    return open(closed.afterProcessEnd(plan, Execution.threads()));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void shouldKeepWhatWasPutAcrossAnOrderlyClose() {
    SimulatedDevice device = device();
    try (Store store = open(device)) {
      Table table = store.table("default");
      table.put(bytes("a"), bytes("1"));
      table.put(bytes("b"), bytes("2"));
      assertTrue(table.delete(bytes("a")));
      assertFalse(table.delete(bytes("a")));
      assertTrue(table.putIfAbsent(bytes("c"), bytes("3")));
      assertFalse(table.putIfAbsent(bytes("c"), bytes("4")));
      assertTrue(table.compareAndSet(bytes("c"), bytes("3"), bytes("5")));
      assertFalse(table.compareAndSet(bytes("c"), bytes("3"), bytes("6")));
    }
    try (Store store = reopen(device)) {
      assertEquals(List.of("default"), store.tables());
      Table table = store.table("default");
      assertNull(table.get(bytes("a")));
      assertArrayEquals(bytes("2"), table.get(bytes("b")));
      assertArrayEquals(bytes("5"), table.get(bytes("c")));
      VerifyReport report = store.verify();
      assertTrue(report.isWhole(), report.toString());
    }
  }

  @Test
  void shouldRecoverWhatWasPutBeforeAKill() {
    SimulatedDevice device = device();
    TreeMap<String, String> model = new TreeMap<>();
    Store killed = open(device);
    Random random = new Random(3);
    for (int i = 0; i < 5000; i++) {
      String key = "key" + random.nextInt(2000);
      String value = "value" + i + "x".repeat(random.nextInt(200));
      if (random.nextInt(4) == 0) {
        killed.table("t").delete(bytes(key));
        model.remove(key);
      } else {
        killed.table("t").put(bytes(key), bytes(value));
        model.put(key, value);
      }
    }
    SimulatedDevice next = device.afterProcessEnd(SimulationPlan.of(8), Execution.threads());
    try (Store store = open(next)) {
      Table table = store.table("t");
      for (int i = 0; i < 2000; i++) {
        byte[] found = table.get(bytes("key" + i));
        String expected = model.get("key" + i);
        assertEquals(expected, found == null ? null : new String(found, StandardCharsets.UTF_8));
      }
      VerifyReport report = store.verify();
      assertTrue(report.isWhole(), report.toString());
      assertEquals(model.size(), report.tables().getFirst().entryCount());
    }
    killed.close();
  }

  @Test
  void shouldRefuseUseAfterClose() {
    Store store = open(device());
    Table table = store.table("t");
    store.close();
    store.close();
    assertThrows(StoreClosedException.class, () -> table.get(bytes("a")));
    assertThrows(StoreClosedException.class, () -> table.put(bytes("a"), bytes("b")));
    assertThrows(StoreClosedException.class, store::checkpoint);
  }

  @Test
  void shouldScanBothWaysInARange() {
    try (Store store = open(device())) {
      Table table = store.table("t");
      for (int i = 0; i < 1000; i++) {
        table.put(bytes("k%04d".formatted(i)), bytes("v" + i));
      }
      try (Cursor cursor = table.cursor(Range.prefix(bytes("k01")))) {
        for (int i = 100; i < 200; i++) {
          assertTrue(cursor.next());
          assertArrayEquals(bytes("k%04d".formatted(i)), cursor.key());
          assertArrayEquals(bytes("v" + i), cursor.value());
        }
        assertFalse(cursor.next());
        assertTrue(cursor.previous());
        assertArrayEquals(bytes("k0199"), cursor.key());
      }
    }
  }

  @Test
  void shouldWriteABatchOverSeveralTables() {
    try (Store store = open(device())) {
      WriteBatch batch = new WriteBatch();
      batch.put("a", bytes("k"), bytes("1")).put("b", bytes("k"), bytes("2"));
      batch.put("a", bytes("k"), bytes("3")).delete("b", bytes("k"));
      store.write(batch);
      assertArrayEquals(bytes("3"), store.table("a").get(bytes("k")));
      assertNull(store.table("b").get(bytes("k")));
    }
  }

  @Test
  void shouldRefuseWhatIsNoStore() {
    SimulatedDevice foreign = device();
    foreign.flipBit(3, 77);
    assertThrows(StoreFormatException.class, () -> open(foreign));
    StoreConfig config = StoreConfig.builder().device("sim:test").createIfMissing(false).build();
    assertThrows(
        StoreFormatException.class,
        () ->
            Store.open(
                config, device(), Execution.threads(), EngineSwitches.NONE_BROKEN, STORE_ID));
  }

  @Test
  void shouldFailWithoutLossWhenTheDeviceIsFull() {
    SimulationPlan plan =
        SimulationPlan.of(7).withLatencies(new SimulationPlan.Latencies(0, 0, 0, 0));
    SimulatedGeometry small = new SimulatedGeometry(9 << 11, 9 << 11, 512, 512, true);
    SimulatedDevice device = new SimulatedDevice(small, plan, Execution.threads());
    int stored = 0;
    try (Store store = open(device)) {
      Table table = store.table("t");
      try {
        for (; stored < 100_000; stored++) {
          table.put(bytes("k" + stored), new byte[900]);
        }
      } catch (StoreFullException e) {
        assertTrue(stored > 1000, e.toString());
      }
      assertTrue(stored < 100_000);
      assertTrue(table.delete(bytes("k1")));
    }
    try (Store store = reopen(device)) {
      assertEquals(stored - 1, store.verify().tables().getFirst().entryCount());
    }
  }

  @Test
  void shouldKeepLargeValues() {
    byte[] large = new byte[3_000_000];
    new Random(5).nextBytes(large);
    SimulatedDevice device = device();
    try (Store store = open(device)) {
      Table table = store.table("t");
      table.put(bytes("k"), new byte[100_000]);
      table.put(bytes("k"), large);
      assertFalse(table.compareAndSet(bytes("k"), new byte[100_000], bytes("no")));
    }
    try (Store store = reopen(device)) {
      Table table = store.table("t");
      assertArrayEquals(large, table.get(bytes("k")));
      assertTrue(table.compareAndSet(bytes("k"), large, bytes("small")));
      assertArrayEquals(bytes("small"), table.get(bytes("k")));
      VerifyReport report = store.verify();
      assertTrue(report.isWhole(), report.toString());
    }
  }

  @Test
  void shouldRefuseTooLongKeysBeforeTheyAreLogged() {
    SimulatedDevice device = device();
    byte[] tooLong = new byte[1001];
    byte[] value = bytes("v");
    try (Store store = open(device)) {
      Table table = store.table("default");
      assertThrows(IllegalArgumentException.class, () -> table.put(tooLong, value));
      assertThrows(IllegalArgumentException.class, () -> table.delete(tooLong));
      assertThrows(IllegalArgumentException.class, () -> table.putIfAbsent(tooLong, value));
      assertThrows(
          IllegalArgumentException.class, () -> table.compareAndSet(tooLong, value, value));
      assertThrows(IllegalArgumentException.class, () -> table.get(tooLong));
      WriteBatch batch = new WriteBatch().put("default", bytes("k"), value);
      assertThrows(
          IllegalArgumentException.class, () -> store.write(batch.put("default", tooLong, value)));
      table.put(new byte[1000], value);
      assertNull(table.get(bytes("k")));
    }
    try (Store store = reopen(device)) {
      assertArrayEquals(value, store.table("default").get(new byte[1000]));
    }
  }
}
