// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.engine.internal.EngineSwitches;
import dev.basalt.iostack.IoStack;
import dev.basalt.iostack.IoStackConfig;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.sim.SimulatedDevice;
import dev.basalt.iostack.sim.SimulatedGeometry;
import dev.basalt.iostack.sim.Simulation;
import dev.basalt.iostack.sim.SimulationPlan;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What decides that a store is new, and that nothing of an older store on the same device is ever
 * taken for its own.
 */
@Timeout(60)
final class StoreCreationTest {
  private static final int PAGE_BYTES = 4096;
  private static final int LOG_BYTES = 1 << 20;
  private static final int LOG_OFFSET_BYTES = 1 << 20;
  private static final long LSN_FIRST = 4096;
  private static final int SUPERBLOCK_STRIDE_BYTES = 64 << 10;
  private static final int RECORD_COUNT = 300;
  private static final SimulationPlan PLAN =
      SimulationPlan.of(11).withLatencies(new SimulationPlan.Latencies(0, 0, 0, 0));
  private static final UUID OLD = new UUID(1, 1);
  private static final UUID NEW = new UUID(1, 2);

  private static SimulatedDevice device(SimulationPlan plan) {
    return new SimulatedDevice(SimulatedGeometry.of(8 << 20), plan, Execution.threads());
  }

  private static Store open(SimulatedDevice device, UUID newStoreId) {
    return open(device, newStoreId, Execution.threads());
  }

  private static Store open(SimulatedDevice device, UUID newStoreId, Execution execution) {
    StoreConfig config =
        StoreConfig.builder()
            .device("sim:test")
            .poolBytes(2 << 20)
            .logBytes(LOG_BYTES)
            .growthBytes(1 << 20)
            .queueDepth(8)
            .build();
    return Store.open(config, device, execution, EngineSwitches.NONE_BROKEN, newStoreId);
  }

  private static SimulatedDevice killed(SimulatedDevice device) {
    return device.afterProcessEnd(PLAN, Execution.threads());
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] value(String store, int record) {
    return bytes((store + "-" + record + "-").repeat(20));
  }

  private static void fill(Store store, String name, int first, int limit) {
    Table table = store.table(name);
    for (int i = first; i < limit; i++) {
      table.put(bytes("key" + i), value(name, i));
    }
  }

  /** The table holds at least the acknowledged records, and nothing that was never put. */
  private static void check(Store store, String name, int acknowledged, int limit) {
    for (String found : store.tables()) {
      assertEquals(name, found);
    }
    assertTrue(acknowledged == 0 || !store.tables().isEmpty());
    Table table = store.table(name);
    for (int i = 0; i < acknowledged; i++) {
      assertArrayEquals(value(name, i), table.get(bytes("key" + i)), "record " + i);
    }
    try (Cursor cursor = table.cursor(Range.all())) {
      while (cursor.next()) {
        String key = new String(cursor.key(), StandardCharsets.UTF_8);
        int record = Integer.parseInt(key.substring(3));
        assertTrue(record < limit, key);
        assertArrayEquals(value(name, record), cursor.value(), key);
      }
    }
    assertTrue(store.verify().isWhole());
  }

  private static void flip(SimulatedDevice device, long byteOffset) {
    int blockBytes = device.capabilities().blockBytes();
    device.flipBit(byteOffset / blockBytes, (int) (byteOffset % blockBytes) * Byte.SIZE);
  }

  private static long pageOffset(long pageId) {
    return LOG_OFFSET_BYTES + LOG_BYTES + pageId * PAGE_BYTES;
  }

  private static int newestSuperblock(SimulatedDevice device) {
    long first = sequence(device, 0);
    return sequence(device, 1) > first ? 1 : 0;
  }

  private static long sequence(SimulatedDevice device, int copy) {
    int blockBytes = device.capabilities().blockBytes();
    byte[] block = device.readBlock((long) copy * SUPERBLOCK_STRIDE_BYTES / blockBytes);
    return ByteBuffer.wrap(block).order(ByteOrder.LITTLE_ENDIAN).getLong(16);
  }

  @Test
  void shouldNotFormatAKilledStoreWhoseFirstPagesAreDamaged() {
    SimulatedDevice device = device(PLAN);
    Store store = open(device, OLD);
    fill(store, "old", 0, RECORD_COUNT);
    store.checkpoint();
    SimulatedDevice next = killed(device);
    store.close();
    flip(next, pageOffset(0) + 100);
    assertThrows(StoreDamagedException.class, () -> open(next, NEW));
  }

  @Test
  void shouldRepairTheFirstPagesFromTheLogWhenTheNewestSuperblockIsLostToo() {
    SimulatedDevice device = device(PLAN);
    Store store = open(device, OLD);
    fill(store, "old", 0, RECORD_COUNT);
    SimulatedDevice next = killed(device);
    store.close();
    flip(next, (long) newestSuperblock(next) * SUPERBLOCK_STRIDE_BYTES + 80);
    flip(next, pageOffset(0) + 100);
    flip(next, pageOffset(1) + 100);
    try (Store reopened = open(next, NEW)) {
      check(reopened, "old", RECORD_COUNT, RECORD_COUNT);
    }
  }

  @Test
  void shouldOpenOrRefuseWithTheOlderSuperblockHoweverFullTheLogIs() {
    int opened = 0;
    for (int records = 600; records < 1_500; records += 30) {
      SimulatedDevice device = device(PLAN);
      Store store = open(device, OLD);
      fill(store, "old", 0, records);
      SimulatedDevice next = killed(device);
      store.close();
      flip(next, (long) newestSuperblock(next) * SUPERBLOCK_STRIDE_BYTES + 80);
      try (Store reopened = open(next, NEW)) {
        check(reopened, "old", records, records);
        opened++;
      } catch (StoreException e) {
        assertNotNull(e.getMessage());
      }
    }
    assertTrue(opened > 0);
  }

  @Test
  void shouldNotFormatAKilledStoreWhoseFirstLogRecordIsDamaged() {
    SimulatedDevice device = device(PLAN);
    Store store = open(device, OLD);
    store.table("old");
    SimulatedDevice next = killed(device);
    store.close();
    flip(next, LOG_OFFSET_BYTES + LSN_FIRST + 50);
    try (Store reopened = open(next, NEW)) {
      assertEquals(List.of("old"), reopened.tables());
    } catch (StoreDamagedException e) {
      assertNotNull(e.getMessage());
    }
  }

  @Test
  void shouldOpenAfterAPowerCutAtAnyCommandOfTheCreation() {
    long commands = commandsOfCreation();
    for (long cut = 1; cut <= commands; cut++) {
      for (int seed = 0; seed < 4; seed++) {
        SimulatedDevice next =
            cutPower(device(PLAN), cut, 31 * cut + seed, (d, seam) -> open(d, NEW, seam).close());
        try (Store store = open(next, NEW)) {
          assertEquals(List.of(), store.tables(), "cut " + cut + ", seed " + seed);
          fill(store, "new", 0, 10);
          check(store, "new", 10, 10);
        }
      }
    }
  }

  private static long commandsOfCreation() {
    SimulatedDevice device = device(PLAN);
    Store store = open(device, OLD);
    long commands = device.commandCount();
    store.close();
    return commands;
  }

  /** Runs a life of a store in simulation, up to a command; returns the device afterwards. */
  private static SimulatedDevice cutPower(
      SimulatedDevice before, long cut, long seed, BiConsumer<SimulatedDevice, Execution> life) {
    Simulation simulation = new Simulation(seed);
    SimulationPlan plan = SimulationPlan.of(seed).withPowerCutAt(cut);
    SimulatedDevice device = before.afterProcessEnd(plan, simulation);
    simulation.client("life", () -> life.accept(device, simulation));
    simulation.run();
    return simulation.powerCut() ? device.afterPowerCut(PLAN, Execution.threads()) : killed(device);
  }

  @Test
  void shouldSeeNothingOfAnOlderStoreBeneath() {
    SimulatedDevice old = device(PLAN);
    try (Store store = open(old, OLD)) {
      fill(store, "old", 0, 20 * RECORD_COUNT);
    }
    for (int records = 0; records <= RECORD_COUNT; records += 60) {
      SimulatedDevice wiped = killed(old);
      wipe(wiped, LOG_OFFSET_BYTES);
      Store store = open(wiped, NEW);
      fill(store, "new", 0, records);
      if (records % 120 == 0) {
        store.checkpoint();
      }
      fill(store, "new", records, records + 50);
      SimulatedDevice next = killed(wiped);
      store.close();
      try (Store reopened = open(next, NEW)) {
        check(reopened, "new", records + 50, records + 50);
      }
    }
  }

  @Test
  void shouldSeeNothingOfAnOlderStoreBeneathAfterAPowerCut() {
    SimulatedDevice device = device(PLAN);
    try (Store store = open(device, OLD)) {
      fill(store, "old", 0, 20 * RECORD_COUNT);
    }
    SimulatedDevice old = killed(device);
    wipe(old, LOG_OFFSET_BYTES);
    for (int cut = 5; cut < 700; cut += 23) {
      AtomicInteger acknowledged = new AtomicInteger();
      SimulatedDevice next =
          cutPower(old, cut, cut, (d, seam) -> fillAndCount(d, seam, acknowledged));
      try (Store reopened = open(next, NEW)) {
        check(reopened, "new", acknowledged.get(), RECORD_COUNT);
      }
    }
  }

  private static void fillAndCount(SimulatedDevice device, Execution seam, AtomicInteger count) {
    try (Store store = open(device, NEW, seam)) {
      for (int record = 0; record < RECORD_COUNT; record++) {
        fill(store, "new", record, record + 1);
        count.set(record + 1);
        if (record % 50 == 49) {
          store.checkpoint();
        }
      }
    }
  }

  private static void wipe(SimulatedDevice device, int lengthBytes) {
    int blockBytes = device.capabilities().blockBytes();
    try (Arena arena = Arena.ofConfined();
        IoStack io = IoStack.start(device, new IoStackConfig(1, 8, 64), Execution.threads())) {
      int step = 64 << 10;
      long zeroes = arena.allocate(step, PAGE_BYTES).address();
      for (long offset = 0; offset < lengthBytes; offset += step) {
        io.write(offset / blockBytes, step / blockBytes, zeroes);
      }
      io.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
