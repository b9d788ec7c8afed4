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
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableMap;
import java.util.Queue;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Many gets by one call against as many gets. */
@Timeout(60)
class GetBatchTest {
  private static final SimulationPlan PLAN =
      SimulationPlan.of(7).withLatencies(new SimulationPlan.Latencies(0, 0, 0, 0));
  private static final UUID STORE_ID = new UUID(1, 2);
  private static final int LARGE_BYTES = 9_000;

  private static SimulatedDevice device() {
    return new SimulatedDevice(SimulatedGeometry.of(64 << 20), PLAN, Execution.threads());
  }

  /** Opens a store that starts with an empty pool. */
  private static Store open(SimulatedDevice device) {
    StoreConfig config =
        StoreConfig.builder()
            .device("sim:test")
            .poolBytes(8 << 20)
            .logBytes(8 << 20)
            .durability(Durability.none())
            .queueDepth(64)
            .warmRestart(false)
            .build();
    return Store.open(config, device, Execution.threads(), EngineSwitches.NONE_BROKEN, STORE_ID);
  }

  private static byte[] key(int number) {
    return ByteBuffer.allocate(4).putInt(number).array();
  }

  private static byte[] bytes(int length, int seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  @Property(tries = 12)
  void shouldEqualGets(@ForAll long seed) {
    Random random = new Random(seed);
    NavigableMap<byte[], byte[]> model = new TreeMap<>(Arrays::compareUnsigned);
    SimulatedDevice device = device();
    try (Store store = open(device)) {
      Table table = store.table("t");
      for (int i = 0; i < 1_500; i++) {
        byte[] key = key(random.nextInt(3_000));
        byte[] value = bytes(random.nextInt(50) == 0 ? LARGE_BYTES : random.nextInt(600), i);
        model.put(key, value);
        table.put(key, value);
      }
    }
    try (Store store = open(device.afterProcessEnd(PLAN, Execution.threads()))) {
      GetBatch batch = new GetBatch(300);
      for (int round = 0; round < 20; round++) {
        compare(store.table("t"), model, batch, random);
      }
    }
  }

  private static void compare(
      Table table, NavigableMap<byte[], byte[]> model, GetBatch batch, Random random) {
    List<byte[]> keys = new ArrayList<>();
    batch.clear();
    for (int i = random.nextInt(300); i > 0; i--) { // some twice
      keys.add(key(random.nextInt(3_200)));
      batch.add(keys.getLast());
    }
    int found = table.get(batch);
    List<byte @Nullable []> values = table.getAll(keys);
    assertEquals(keys.size(), values.size());
    int expected = 0;
    for (int i = 0; i < keys.size(); i++) {
      byte[] value = model.get(keys.get(i));
      assertArrayEquals(value, values.get(i));
      assertArrayEquals(value, batch.valueBytes(i));
      assertArrayEquals(value, table.get(keys.get(i)));
      expected += value == null ? 0 : 1;
    }
    assertEquals(expected, found);
  }

  /** One key of each leaf: none of them is missed by itself. */
  @Test
  void shouldReadAllMissingLeavesTogether() {
    SimulatedDevice device = device();
    int records = 20_000;
    try (Store store = open(device)) {
      for (int i = 0; i < records; i++) {
        store.table("t").put(key(i), new byte[120]);
      }
    }
    try (Store store = open(device.afterProcessEnd(PLAN, Execution.threads()))) {
      Table table = store.table("t");
      table.get(key(0)); // the inner nodes on the way
      table.get(key(records - 1));
      GetBatch batch = new GetBatch(records);
      int keys = 0;
      for (int i = 100; i < records - 100; i += 100) {
        batch.add(key(i));
        keys++;
      }
      StoreStatistics before = store.statistics();
      assertEquals(keys, table.get(batch));
      StoreStatistics after = store.statistics();
      assertEquals(before.counter("pool.misses"), after.counter("pool.misses"));
      long read = after.counter("pool.pagesPrefetched") - before.counter("pool.pagesPrefetched");
      assertTrue(read >= keys, read + " pages read for " + keys + " keys");
      assertEquals(keys, table.get(batch));
      assertEquals(after.counter("pool.pagesRead"), store.statistics().counter("pool.pagesRead"));
    }
  }

  @Test
  void shouldTakeEmptyAndRepeatedKeys() {
    try (Store store = open(device())) {
      Table table = store.table("t");
      table.put(new byte[0], new byte[0]);
      table.put(key(1), bytes(40, 1));
      assertEquals(List.of(), table.getAll(List.of()));
      List<byte @Nullable []> values = table.getAll(List.of(key(1), new byte[0], key(2), key(1)));
      assertArrayEquals(bytes(40, 1), values.get(0));
      assertArrayEquals(new byte[0], values.get(1));
      assertNull(values.get(2));
      assertArrayEquals(bytes(40, 1), values.get(3));
    }
  }

  @Test
  void shouldForgetValuesWhenKeysChange() {
    try (Store store = open(device())) {
      Table table = store.table("t");
      table.put(key(1), new byte[0]);
      GetBatch batch = new GetBatch(2).add(key(1));
      assertFalse(batch.isFound(0));
      assertThrows(IllegalStateException.class, () -> batch.value(0));
      assertEquals(1, table.get(batch));
      assertTrue(batch.isFound(0));
      batch.add(MemorySegment.ofArray(key(2)));
      assertFalse(batch.isFound(0));
      assertEquals(1, table.get(batch));
      assertFalse(batch.isFound(1));
      assertThrows(IllegalStateException.class, () -> batch.add(key(3)));
      batch.clear();
      assertEquals(0, batch.count());
      assertEquals(0, table.get(batch));
    }
  }

  @Test
  void shouldRefuseWhatIsNoKey() {
    try (Store store = open(device())) {
      Table table = store.table("t");
      GetBatch batch = new GetBatch(4);
      byte[] tooLong = new byte[Table.KEY_BYTES_MAX + 1];
      assertThrows(IllegalArgumentException.class, () -> batch.add(tooLong));
      assertThrows(IllegalArgumentException.class, () -> table.getAll(List.of(tooLong)));
      assertThrows(
          NullPointerException.class, () -> table.getAll(Arrays.asList(key(1), nothing())));
      assertThrows(IllegalArgumentException.class, () -> new GetBatch(0));
      assertEquals(0, batch.count());
    }
  }

  @SuppressWarnings("NullAway") // what a caller must not do
  private static byte[] nothing() {
    return null;
  }

  @Test
  void shouldFailAfterClose() {
    Store store = open(device());
    Table table = store.table("t");
    table.put(key(1), key(1));
    GetBatch batch = new GetBatch(1).add(key(1));
    assertEquals(1, table.get(batch));
    store.close();
    assertThrows(StoreClosedException.class, () -> table.get(batch));
    assertThrows(StoreClosedException.class, () -> table.getAll(List.of(key(1))));
    assertArrayEquals(key(1), batch.valueBytes(0), "what was read stays");
  }

  /** Each value is one that was there, whatever others do to tree and pool meanwhile. */
  @Test
  void shouldReadWholeValuesBesideWriters() throws InterruptedException {
    try (Store store = open(device())) {
      Table table = store.table("t");
      AtomicBoolean isDone = new AtomicBoolean();
      Thread writer =
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int i = 0; !isDone.get(); i++) {
                      int number = i * 7_919 % 20_000;
                      byte[] value = new byte[200 + i % 300];
                      Arrays.fill(value, (byte) number);
                      table.put(key(number), value);
                    }
                  });
      GetBatch batch = new GetBatch(50);
      Random random = new Random(1);
      for (int round = 0; round < 1_000; round++) {
        batch.clear();
        int[] numbers = random.ints(50, 0, 20_000).toArray();
        for (int number : numbers) {
          batch.add(key(number));
        }
        table.get(batch);
        for (int i = 0; i < numbers.length; i++) {
          byte[] value = batch.valueBytes(i);
          if (value != null) {
            byte[] expected = new byte[value.length];
            Arrays.fill(expected, (byte) numbers[i]);
            assertArrayEquals(expected, value);
          }
        }
      }
      isDone.set(true);
      writer.join();
    }
  }

  /** A batch is one thread's: another's keys must be refused, not read from freed memory. */
  @Test
  void shouldRefuseASecondThread() throws InterruptedException {
    try (Store store = open(device())) {
      Table table = store.table("t");
      table.put(key(1), bytes(LARGE_BYTES, 1));
      Queue<String> refusals = new ConcurrentLinkedQueue<>();
      GetBatch batch = new GetBatch(64);
      Runnable use =
          () -> {
            for (int round = 0; round < 20_000 && refusals.isEmpty(); round++) {
              try {
                batch.clear();
                batch.add(key(1));
                table.get(batch);
              } catch (IllegalStateException e) {
                refusals.add(e.toString());
              }
            }
          };
      Thread other = Thread.ofPlatform().start(use);
      use.run();
      other.join();
      assertFalse(refusals.isEmpty(), "never met");
      for (String refusal : refusals) {
        assertTrue(refusal.contains("another thread"), refusal);
      }
    }
  }

  /** So is a cursor. */
  @Test
  void shouldRefuseACursorsSecondThread() throws InterruptedException {
    try (Store store = open(device())) {
      Table table = store.table("t");
      for (int i = 0; i < 100; i++) {
        table.put(key(i), bytes(100, i));
      }
      Queue<String> refusals = new ConcurrentLinkedQueue<>();
      Cursor cursor = table.cursor(Range.all());
      Runnable use =
          () -> {
            for (int round = 0; round < 200_000 && refusals.isEmpty(); round++) {
              try {
                if (!cursor.next()) {
                  cursor.seek(key(0));
                }
              } catch (IllegalStateException e) {
                refusals.add(e.toString());
              }
            }
          };
      Thread other = Thread.ofPlatform().start(use);
      use.run();
      other.join();
      cursor.close();
      assertFalse(refusals.isEmpty(), "never met");
      for (String refusal : refusals) {
        assertTrue(refusal.contains("another thread"), refusal);
      }
    }
  }
}
