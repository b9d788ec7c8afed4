// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.engine.VerifyReport.TableReport;
import dev.basalt.engine.internal.EngineSwitches;
import dev.basalt.engine.internal.wal.StoreLayout;
import dev.basalt.index.MergeConfig;
import dev.basalt.iostack.sim.SimulatedDevice;
import dev.basalt.iostack.sim.SimulatedGeometry;
import dev.basalt.iostack.sim.Simulation;
import dev.basalt.iostack.sim.SimulationPlan;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * How full leaves are after inserts in random order, and after a scan through a pool that is far
 * smaller than the data. Full means: as many leaves as a bulk load of the same records takes.
 */
final class MergeTest {
  private static final int RECORDS = 40_000;
  private static final MergeConfig OFF = new MergeConfig(0, 90);

  private static final UUID STORE_ID = new UUID(1, 2);
  private static final int PAGE_BYTES = 4096;
  private static final long LOG_BYTES = 4 << 20;
  private static final long POOL_BYTES = 1 << 20;

  /** What is done with a store. */
  interface Body {
    void run(Store store);
  }

  @Test
  void shouldFillLeavesWhenAScanEvictsThem() {
    Simulation second = new Simulation(3);
    SimulatedDevice later = loaded(second);
    run(second, later, POOL_BYTES, MergeConfig.defaults(), MergeTest::scan);
    Simulation third = new Simulation(5);
    SimulatedDevice last = later.afterProcessEnd(SimulationPlan.of(6), third);
    run(third, last, POOL_BYTES, OFF, MergeTest::check);
  }

  /** Nobody asked for the merge: whoever needs the page is told, the others go on. */
  @Test
  void shouldLeaveAMergeOutThatCannotReadAPage() {
    Simulation second = new Simulation(3);
    SimulatedDevice later = loaded(second);
    long blockBytes = later.capabilities().blockBytes();
    long spaceMap =
        StoreLayout.create(STORE_ID, PAGE_BYTES, LOG_BYTES, 1).pageAreaOffsetBytes() / blockBytes;
    run(
        second,
        later,
        POOL_BYTES,
        MergeConfig.defaults(),
        store -> {
          getAll(store.table("full")); // leaves nothing to merge, and evicts the space map
          later.flipBit(spaceMap, 1000);
          getAll(store.table("random"));
          StoreStatistics statistics = store.statistics();
          assertTrue(statistics.counter("index.mergesGivenUp") > 0, statistics.toString());
          assertEquals(0, statistics.counter("index.merges"));
          store.table("random").put(key(0), value(0));
        });
  }

  private static void getAll(Table table) {
    for (int i = 0; i < RECORDS; i++) {
      assertArrayEquals(value(i), table.get(key(i)));
    }
  }

  /** Returns the device of a later life of a store with random inserts and a bulk load. */
  private static SimulatedDevice loaded(Simulation later) {
    Simulation first = new Simulation(1);
    SimulatedDevice device =
        new SimulatedDevice(SimulatedGeometry.of(64 << 20), SimulationPlan.of(2), first);
    run(first, device, POOL_BYTES, OFF, MergeTest::load);
    return device.afterProcessEnd(SimulationPlan.of(4), later);
  }

  private static void load(Store store) {
    Table table = store.table("random");
    List<Integer> order = IntStream.range(0, RECORDS).boxed().collect(Collectors.toList());
    Collections.shuffle(order, new Random(7));
    order.forEach(i -> table.put(key(i), value(i)));
    assertEquals(RECORDS, store.table("full").bulkLoad(new Ascending()));
    int fill = fillPercent(store);
    System.out.println("fill " + fill + " " + store.verify());
    assertTrue(fill >= 70, "after inserts at random: " + fill);
    assertEquals(0, store.statistics().counter("index.sparseLeaves"));
  }

  private static void scan(Store store) {
    assertTrue(fillPercent(store) < 85, "nothing to do");
    readAll(store);
    int fill = fillPercent(store);
    assertTrue(fill >= 85, "after a scan: " + fill);
    StoreStatistics statistics = store.statistics();
    assertTrue(statistics.counter("index.merges") > 10, statistics.toString());
  }

  private static void check(Store store) {
    readAll(store);
    int fill = fillPercent(store);
    assertTrue(fill >= 85, "in the next life: " + fill);
  }

  private static void readAll(Store store) {
    try (Cursor cursor = store.table("random").cursor(Range.all())) {
      for (int i = 0; i < RECORDS; i++) {
        assertTrue(cursor.next());
        assertArrayEquals(key(i), cursor.key());
        assertArrayEquals(value(i), cursor.value());
      }
      assertFalse(cursor.next());
    }
  }

  private static int fillPercent(Store store) {
    VerifyReport report = store.verify();
    assertEquals(List.of(), report.problems());
    TableReport full = report.tables().getFirst();
    TableReport random = report.tables().getLast();
    assertEquals(RECORDS, random.entryCount());
    return (int) (100 * full.leafPageCount() / random.leafPageCount());
  }

  /** Opens a store in a simulation and does something with it. */
  static void run(
      Simulation simulation,
      SimulatedDevice device,
      long poolBytes,
      MergeConfig merges,
      Body body) {
    StoreConfig config =
        StoreConfig.builder()
            .device("sim:")
            .poolBytes(poolBytes)
            .pageBytes(PAGE_BYTES)
            .logBytes(LOG_BYTES)
            .growthBytes(1 << 20)
            .queueDepth(8)
            .durability(Durability.none())
            .merges(merges)
            .build();
    simulation.client(
        "opener",
        () -> {
          try (Store store =
              Store.open(config, device, simulation, EngineSwitches.NONE_BROKEN, STORE_ID)) {
            body.run(store);
          }
        });
    simulation.run();
  }

  private static final class Ascending implements SortedSource {
    private int next;

    @Override
    public boolean next() {
      return next++ < RECORDS;
    }

    @Override
    public MemorySegment key() {
      return MemorySegment.ofArray(MergeTest.key(next - 1));
    }

    @Override
    public MemorySegment value() {
      return MemorySegment.ofArray(MergeTest.value(next - 1));
    }
  }

  private static byte[] key(int i) {
    return ByteBuffer.allocate(8).putLong(i).array();
  }

  private static byte[] value(int i) {
    return ByteBuffer.allocate(60).putLong(i).array();
  }
}
