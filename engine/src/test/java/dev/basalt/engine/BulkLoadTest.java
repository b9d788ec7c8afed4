// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.engine.internal.EngineSwitches;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.sim.SimulatedDevice;
import dev.basalt.iostack.sim.SimulatedGeometry;
import dev.basalt.iostack.sim.SimulationPlan;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.UUID;
import java.util.function.IntConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
final class BulkLoadTest {
  private static final UUID STORE_ID = new UUID(1, 2);
  private static final int DEVICE_BYTES = 8 << 20;
  private static final SimulationPlan PLAN =
      SimulationPlan.of(7).withLatencies(new SimulationPlan.Latencies(0, 0, 0, 0));

  private static SimulatedDevice device(SimulationPlan plan) {
    return new SimulatedDevice(SimulatedGeometry.of(DEVICE_BYTES), plan, Execution.threads());
  }

  private static Store open(SimulatedDevice device) {
    StoreConfig config =
        StoreConfig.builder()
            .device("sim:test")
            .poolBytes(4 << 20)
            .logBytes(2 << 20)
            .growthBytes(1 << 20)
            .queueDepth(16)
            .build();
    return Store.open(config, device, Execution.threads(), EngineSwitches.NONE_BROKEN, STORE_ID);
  }

  private static Store reopen(SimulatedDevice closed) {
    return open(closed.afterProcessEnd(PLAN, Execution.threads()));
  }

  private static byte[] key(int number) {
    return ByteBuffer.allocate(4).putInt(number).array();
  }

  /** Entries with keys from 0 up, with something done before each. */
  private static final class Numbers implements SortedSource {
    private final int count;
    private final int valueBytes;
    private final IntConsumer before;
    private int next;
    private byte[] key = {};

    Numbers(int count, int valueBytes, IntConsumer before) {
      this.count = count;
      this.valueBytes = valueBytes;
      this.before = before;
    }

    Numbers(int count, int valueBytes) {
      this(count, valueBytes, _ -> {});
    }

    @Override
    public boolean next() {
      if (next == count) {
        return false;
      }
      before.accept(next);
      key = BulkLoadTest.key(next++);
      return true;
    }

    @Override
    public MemorySegment key() {
      return MemorySegment.ofArray(key);
    }

    @Override
    public MemorySegment value() {
      return MemorySegment.ofArray(new byte[valueBytes]);
    }
  }

  /** Gives one key another value: where the order breaks. */
  private static SortedSource withKeyAt(int position, int keyThere) {
    return new SortedSource() {
      private int next = -1;

      @Override
      public boolean next() {
        return ++next < 20_000;
      }

      @Override
      public MemorySegment key() {
        return MemorySegment.ofArray(BulkLoadTest.key(next == position ? keyThere : next));
      }

      @Override
      public MemorySegment value() {
        return MemorySegment.ofArray(new byte[50]);
      }
    };
  }

  private static void assertLoaded(Store store, int count, int valueBytes) {
    VerifyReport report = store.verify();
    assertTrue(report.isWhole(), report.problems().toString());
    Table table = store.table("t");
    int found = 0;
    try (Cursor cursor = table.cursor(Range.all())) {
      for (; cursor.next(); found++) {
        assertArrayEquals(key(found), cursor.key());
        assertEquals(valueBytes, cursor.value().length);
      }
    }
    assertEquals(count, found);
  }

  private static void assertEmptyAndWhole(Store store) {
    assertLoaded(store, 0, 0);
  }

  @Test
  void shouldLoadAndKeepWhatWasLoaded() {
    for (int count : new int[] {0, 1, 30, 500, 40_000}) {
      SimulatedDevice device = device(PLAN);
      try (Store store = open(device)) {
        assertEquals(count, store.table("t").bulkLoad(new Numbers(count, 120)));
        assertLoaded(store, count, 120);
      }
      try (Store store = reopen(device)) {
        assertLoaded(store, count, 120);
      }
    }
  }

  @Test
  void shouldLogNextToNothing() {
    try (Store store = open(device(PLAN))) {
      Table table = store.table("t");
      long before = store.statistics().counter("log.appendedLsn");
      table.bulkLoad(new Numbers(100_000, 120));
      long logged = store.statistics().counter("log.appendedLsn") - before;
      assertTrue(logged < 200_000, logged + " bytes of log");
    }
  }

  @Test
  void shouldLoadLargeValues() {
    SimulatedDevice device = device(PLAN);
    try (Store store = open(device)) {
      store.table("t").bulkLoad(new Numbers(500, 9_000));
      assertLoaded(store, 500, 9_000);
    }
    try (Store store = reopen(device)) {
      assertLoaded(store, 500, 9_000);
      for (int i = 0; i < 500; i++) {
        assertTrue(store.table("t").delete(key(i)));
      }
      assertEmptyAndWhole(store);
    }
  }

  @Test
  void shouldLeaveNothingOfInputOutOfOrder() {
    for (int keyThere : new int[] {9_999, 3}) {
      try (Store store = open(device(PLAN))) {
        Table table = store.table("t");
        IllegalArgumentException e =
            assertThrows(
                IllegalArgumentException.class, () -> table.bulkLoad(withKeyAt(10_000, keyThere)));
        String message = String.valueOf(e.getMessage());
        assertTrue(message.contains("entry 10000"), message);
        assertTrue(message.contains("0x0000270f"), message);
        assertEmptyAndWhole(store);
        assertEquals(20, table.bulkLoad(new Numbers(20, 5)));
      }
    }
  }

  @Test
  void shouldRefuseATableThatIsNotEmpty() {
    try (Store store = open(device(PLAN))) {
      store.table("t").put(key(1), key(1));
      assertThrows(
          IllegalStateException.class, () -> store.table("t").bulkLoad(new Numbers(10, 5)));
      assertArrayEquals(key(1), store.table("t").get(key(1)));
    }
  }

  @Test
  void shouldGiveWayToOthersThatWriteToTheTable() {
    for (int count : new int[] {40, 30_000}) {
      try (Store store = open(device(PLAN))) {
        Table table = store.table("t");
        IntConsumer put =
            i -> {
              if (i == 20) {
                table.put(key(7), key(8));
              }
            };
        IllegalStateException e =
            assertThrows(
                IllegalStateException.class, () -> table.bulkLoad(new Numbers(count, 100, put)));
        assertTrue(String.valueOf(e.getMessage()).contains("written to during the load"));
        assertArrayEquals(key(8), table.get(key(7)));
        assertTrue(store.verify().isWhole());
        assertEquals(1, store.verify().tables().getFirst().entryCount());
      }
    }
  }

  @Test
  void shouldLoadATableAgainOnceAllIsDeleted() {
    SimulatedDevice device = device(PLAN);
    Store killed = open(device);
    Table table = killed.table("t");
    for (int i = 0; i < 20; i++) {
      table.put(key(i), key(99));
      table.delete(key(i));
    }
    table.bulkLoad(new Numbers(5_000, 120));
    table.delete(key(4_999));
    table.put(key(5_000), new byte[120]);
    // Nothing was checkpointed: recovery finds the old puts and deletes in the log.
    try (Store store = reopen(device)) {
      assertTrue(store.verify().isWhole());
      assertEquals(5_000, store.verify().tables().getFirst().entryCount());
      assertArrayEquals(new byte[120], store.table("t").get(key(0)));
      assertNull(store.table("t").get(key(4_999)));
      assertNotNull(store.table("t").get(key(5_000)));
    }
    killed.close();
  }

  @Test
  void shouldLetOthersUseTheStoreMeanwhile() {
    try (Store store = open(device(PLAN))) {
      Table other = store.table("other");
      IntConsumer use =
          i -> {
            if (i % 5_000 == 4_999) {
              assertTrue(store.verify().isWhole());
              other.put(key(i), key(i));
              assertNull(store.table("t").get(key(i)));
            }
          };
      store.table("t").bulkLoad(new Numbers(30_000, 120, use));
      assertArrayEquals(key(9_999), other.get(key(9_999)));
      assertEquals(30_000, store.verify().tables().getLast().entryCount());
    }
  }

  @Test
  void shouldNotHoldUpTheLogForOthers() {
    try (Store store = open(device(PLAN))) {
      Table other = store.table("other");
      IntConsumer use =
          i -> {
            if (i == 10_000) {
              for (int put = 0; put < 12_000; put++) { // some five times the log
                other.put(key(put), new byte[900]);
              }
            }
          };
      store.table("t").bulkLoad(new Numbers(20_000, 120, use));
      assertTrue(store.statistics().counter("log.appendedLsn") > 4L * (2 << 20));
      assertTrue(store.verify().isWhole());
    }
  }

  @Test
  void shouldLeaveNothingWhenTheStoreIsClosedMeanwhile() {
    SimulatedDevice device = device(PLAN);
    Store store = open(device);
    IntConsumer close =
        i -> {
          if (i == 9_000) {
            store.close();
          }
        };
    Table table = store.table("t");
    assertThrows(StoreClosedException.class, () -> table.bulkLoad(new Numbers(20_000, 120, close)));
    try (Store next = reopen(device)) {
      assertEmptyAndWhole(next);
    }
  }

  @Test
  void shouldLeaveTheStoreWholeAndItsPagesFreeWhenItIsFull() {
    SimulatedDevice device = device(PLAN);
    try (Store store = open(device)) {
      Table table = store.table("t");
      assertThrows(StoreFullException.class, () -> table.bulkLoad(new Numbers(1_000_000, 120)));
      assertEmptyAndWhole(store);
      assertEquals(150_000, table.bulkLoad(new Numbers(150_000, 120)));
      assertLoaded(store, 150_000, 120);
    }
  }

  @Test
  void shouldPassOnWhatTheSourceThrows() {
    try (Store store = open(device(PLAN))) {
      IntConsumer fail =
          i -> {
            if (i == 15_000) {
              throw new UnsupportedOperationException("no more");
            }
          };
      assertThrows(
          UnsupportedOperationException.class,
          () -> store.table("t").bulkLoad(new Numbers(20_000, 120, fail)));
      assertEmptyAndWhole(store);
    }
  }

  @Test
  void shouldFreeItsPagesWhenTheSourceEndsWithAnError() {
    try (Store store = open(device(PLAN))) {
      Table table = store.table("t");
      long free = store.statistics().counter("store.pagesFree");
      IntConsumer fail =
          i -> {
            if (i == 15_000) {
              throw new StackOverflowError("no more");
            }
          };
      assertThrows(StackOverflowError.class, () -> table.bulkLoad(new Numbers(20_000, 120, fail)));
      assertEquals(free, store.statistics().counter("store.pagesFree"));
      assertEmptyAndWhole(store);
    }
  }

  @Test
  void shouldLoadValuesOfAlmostAPage() {
    SimulatedDevice device = device(PLAN);
    try (Store store = open(device)) {
      int pageBytes = StoreConfig.builder().device("sim:test").build().pageBytes();
      store.table("t").bulkLoad(new Numbers(200, pageBytes - 96));
      assertLoaded(store, 200, pageBytes - 96);
    }
  }

  @Test
  void shouldBeAllOrNothingWhenAnyCommandFails() {
    int complete = 0;
    int failures = 0;
    for (int command = 20; command < 160; command += 3) {
      SimulatedDevice device = device(PLAN.withErrorAt(command));
      boolean isLoaded = loadUntilFailure(device);
      failures += isLoaded ? 0 : 1;
      try (Store next = reopen(device)) {
        assertTrue(next.verify().isWhole(), next.verify().problems().toString());
        boolean isThere = next.table("t").get(key(0)) != null;
        assertTrue(isThere || !isLoaded, "command " + command + ": an acknowledged load is lost");
        assertLoaded(next, isThere ? 30_000 : 0, 120);
        complete += isThere ? 1 : 0;
      }
    }
    assertTrue(complete > 0, "no load came through");
    assertTrue(failures > 3, failures + " loads failed");
  }

  private static boolean loadUntilFailure(SimulatedDevice device) {
    boolean isLoaded = false;
    Store store = null;
    try {
      store = open(device);
      store.table("t").bulkLoad(new Numbers(30_000, 120));
      isLoaded = true;
    } catch (StoreException e) {
      assertNotNull(e.getCause());
    }
    try {
      if (store != null) {
        store.close();
      }
    } catch (StoreException e) {
      assertNotNull(e.getCause());
    }
    return isLoaded;
  }

  @Test
  void shouldLoadByBatchesWhereSeveralPagesAreLeft() {
    try (Store store = open(device(PLAN))) {
      Table table = store.table("t");
      table.bulkLoad(new Numbers(3_000, 120));
      for (int i = 2_999; i >= 0; i--) {
        table.delete(key(i));
      }
      assertEmptyAndWhole(store);
      table.bulkLoad(new Numbers(4_000, 120));
      assertLoaded(store, 4_000, 120);
    }
  }
}
