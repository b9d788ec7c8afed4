// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.engine.internal.EngineSwitches;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.sim.SimulatedDevice;
import dev.basalt.iostack.sim.SimulatedGeometry;
import dev.basalt.iostack.sim.SimulationPlan;
import java.nio.ByteBuffer;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a store has in memory after it was opened again. */
@Timeout(60)
final class WarmRestartTest {
  private static final UUID STORE_ID = new UUID(1, 2);
  private static final SimulationPlan PLAN =
      SimulationPlan.of(7).withLatencies(new SimulationPlan.Latencies(0, 0, 0, 0));
  private static final int RECORDS = 24_000;
  private static final int HOT_RECORDS = 4_000;
  private static final int POOL_BYTES = 2 << 20;
  private static final int LIST_OFFSET_BYTES = 128 << 10;

  private static SimulatedDevice device() {
    return new SimulatedDevice(SimulatedGeometry.of(32 << 20), PLAN, Execution.threads());
  }

  private static Store open(SimulatedDevice device, boolean isWarm) {
    StoreConfig config =
        StoreConfig.builder()
            .device("sim:test")
            .poolBytes(POOL_BYTES)
            .logBytes(4 << 20)
            .durability(Durability.none())
            .queueDepth(16)
            .warmRestart(isWarm)
            .build();
    return Store.open(config, device, Execution.threads(), EngineSwitches.NONE_BROKEN, STORE_ID);
  }

  /** Returns a device with a store of twice the pool, whose first records were read last. */
  private static SimulatedDevice used() {
    SimulatedDevice device = device();
    try (Store store = open(device, true)) {
      Table table = store.table("t");
      for (int i = 0; i < RECORDS; i++) {
        table.put(key(i), new byte[150]);
      }
      store.checkpoint();
      for (int round = 0; round < 3; round++) {
        getHot(store);
      }
    }
    return device;
  }

  private static byte[] key(int record) {
    return ByteBuffer.allocate(4).putInt(record).array();
  }

  /** Reads the hot records; returns how many pages that missed. */
  private static long getHot(Store store) {
    long before = store.statistics().counter("pool.misses");
    for (int i = 0; i < HOT_RECORDS; i++) {
      assertNotNull(store.table("t").get(key(i)));
    }
    return store.statistics().counter("pool.misses") - before;
  }

  private static SimulatedDevice reopened(SimulatedDevice device) {
    return device.afterProcessEnd(PLAN, Execution.threads());
  }

  private static void await(BooleanSupplier condition) {
    while (!condition.getAsBoolean()) {
      Thread.onSpinWait();
    }
  }

  /** Waits until the list is through and all it has asked for is in memory. */
  private static void awaitWarm(Store store) {
    await(() -> store.statistics().counter("store.warming") == 0);
    long frames = store.statistics().counter("pool.frames");
    long asked = store.statistics().counter("store.hotPagesAsked");
    long most = Math.min(asked, frames - frames / 16); // the reserve stays free
    await(() -> store.statistics().counter("pool.resident") >= most);
  }

  @Test
  void shouldHaveThePagesOfTheLifeBefore() {
    SimulatedDevice device = used();
    try (Store store = open(reopened(device), false)) {
      assertTrue(getHot(store) > 100, "cold");
      assertEquals(0, store.statistics().counter("store.hotPagesAsked"));
    }
    try (Store store = open(reopened(device), true)) {
      awaitWarm(store);
      assertTrue(store.statistics().counter("pool.pagesPrefetched") > 200);
      long misses = getHot(store);
      assertTrue(misses <= 10, misses + " misses");
    }
  }

  /** The list is that of the last checkpoint. */
  @Test
  void shouldHaveThePagesOfALifeThatWasKilled() {
    SimulatedDevice[] killed = new SimulatedDevice[1];
    SimulatedDevice device = device();
    try (Store store = open(device, true)) {
      for (int i = 0; i < RECORDS; i++) {
        store.table("t").put(key(i), new byte[150]);
      }
      for (int round = 0; round < 3; round++) {
        getHot(store);
      }
      store.checkpoint();
      store.table("t").put(key(RECORDS), new byte[1]);
      killed[0] = reopened(device);
    }
    try (Store store = open(killed[0], true)) {
      awaitWarm(store);
      long misses = getHot(store);
      assertTrue(misses <= 10, misses + " misses");
      assertTrue(store.verify().isWhole());
    }
  }

  @Test
  void shouldIgnoreDamagedList() {
    SimulatedDevice device = used();
    device = reopened(device);
    device.flipBit(LIST_OFFSET_BYTES / SimulatedGeometry.of(1 << 20).blockBytes(), 100);
    try (Store store = open(device, true)) {
      await(() -> store.statistics().counter("store.warming") == 0);
      assertEquals(1, store.statistics().counter("store.hotPageBlocksIgnored"));
      assertEquals(0, store.statistics().counter("store.hotPagesAsked"));
      assertTrue(getHot(store) > 100);
    }
    try (Store store = open(reopened(device), true)) { // that one has saved a whole one
      awaitWarm(store);
      assertEquals(0, store.statistics().counter("store.hotPageBlocksIgnored"));
      assertTrue(getHot(store) <= 10);
    }
  }

  /** Most pages of the list of the checkpoint were freed before the store was killed. */
  @Test
  void shouldPassOverPagesThatWereFreedSince() {
    SimulatedDevice device = reopened(used());
    try (Store store = open(device, true)) {
      awaitWarm(store);
      getHot(store);
      store.checkpoint();
      long listed = store.statistics().counter("store.hotPagesSaved");
      assertTrue(listed > 200);
      for (int i = 0; i < RECORDS; i++) {
        store.table("t").delete(key(i));
      }
      try (Store next = open(reopened(device), true)) { // as if this one was killed

        await(() -> next.statistics().counter("store.warming") == 0);
        assertTrue(next.statistics().counter("store.hotPagesAsked") < listed);
        assertTrue(next.verify().isWhole());
      }
    }
  }

  /** A store that is closed again before it is warm has still the list to be warm next time. */
  @Test
  void shouldKeepListThatItHasNotDoneWith() {
    SimulatedDevice device = used();
    for (int life = 0; life < 3; life++) {
      device = reopened(device);
      open(device, true).close();
    }
    try (Store store = open(reopened(device), true)) {
      awaitWarm(store);
      assertTrue(getHot(store) <= 10);
    }
  }
}
