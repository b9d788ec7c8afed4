// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Queue;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Scans by batches against the same scans of a map. */
class RecordBatchTest {
  private static final int LARGE_BYTES = 20_000;

  @TempDir private Path directory;
  private Store store;
  private Table table;
  private final NavigableMap<byte[], byte[]> model = new TreeMap<>(Arrays::compareUnsigned);

  @BeforeEach
  void open() {
    store =
        Store.open(
            StoreConfig.builder()
                .device("file:" + directory.resolve("store") + "?create=true")
                .poolBytes(2L << 20)
                .logBytes(16L << 20)
                .durability(Durability.none())
                .build());
    table = store.table("t");
  }

  @AfterEach
  void close() {
    store.close();
  }

  @Test
  void shouldGiveTheEntriesOfAMapInBothDirections() {
    Random random = new Random(5);
    fill(random, 3_000);
    for (int round = 0; round < 60; round++) {
      RecordBatch batch = new RecordBatch(1 + random.nextInt(200), 1 + random.nextInt(5_000));
      byte[] low = key(random.nextInt(4_000));
      byte[] high = key(random.nextInt(4_000));
      if (Arrays.compareUnsigned(low, high) > 0) {
        continue;
      }
      NavigableMap<byte[], byte[]> part = model.subMap(low, true, high, false);
      try (Cursor cursor = table.cursor(Range.fromTo(low, high))) {
        assertSame(part, scan(cursor, batch, true));
        assertSame(part.descendingMap(), scan(cursor, batch, false));
      }
    }
  }

  @Test
  void shouldTurnRoundBetweenBatchesWithoutLosingOrRepeating() {
    Random random = new Random(6);
    fill(random, 500);
    List<byte[]> keys = new ArrayList<>(model.keySet());
    RecordBatch batch = new RecordBatch(7, 300);
    try (Cursor cursor = table.cursor(Range.all())) {
      int position = 0; // the entry that comes next upwards
      for (int step = 0; step < 2_000; step++) {
        boolean isUpwards = step == 0 || random.nextInt(5) > (step / 500 % 2 == 0 ? 1 : 2);
        int count = isUpwards ? cursor.next(batch) : cursor.previous(batch);
        assertEquals(count, batch.count());
        position = follow(keys, batch, position, isUpwards);
      }
    }
  }

  @Test
  void shouldGrowForAnEntryThatDoesNotFitAlone() {
    put(key(1), new byte[10]);
    put(key(2), bytes(LARGE_BYTES, 2));
    put(key(3), bytes(900, 3));
    put(key(4), new byte[0]);
    RecordBatch batch = new RecordBatch(10, 64);
    try (Cursor cursor = table.cursor(Range.all())) {
      assertEquals(1, cursor.next(batch));
      assertEquals(1, cursor.next(batch));
      assertArrayEquals(bytes(LARGE_BYTES, 2), batch.valueBytes(0));
      assertEquals(2, cursor.next(batch), "there is room for both now");
      assertArrayEquals(bytes(900, 3), batch.valueBytes(0));
      assertEquals(0, batch.value(1).byteSize());
      assertEquals(0, cursor.next(batch));
      assertEquals(0, batch.count());
    }
  }

  @Test
  void shouldKeepWhatItHoldsWhenCursorAndStoreAreClosed() {
    put(key(1), bytes(50, 1));
    RecordBatch batch = new RecordBatch(10, 1_000);
    Cursor cursor = table.cursor(Range.all());
    assertEquals(1, cursor.next(batch));
    MemorySegment value = batch.value(0);
    cursor.close();
    assertThrows(StoreClosedException.class, () -> cursor.next(batch));
    Cursor other = table.cursor(Range.all());
    store.close();
    assertThrows(StoreClosedException.class, () -> other.previous(batch));
    assertArrayEquals(bytes(50, 1), value.toArray(ValueLayout.JAVA_BYTE));
    assertTrue(value.isReadOnly());
  }

  @Test
  void shouldRefuseIndexesAndSizesOutOfRange() {
    RecordBatch batch = new RecordBatch(1, 1);
    assertThrows(IndexOutOfBoundsException.class, () -> batch.key(0));
    assertThrows(IndexOutOfBoundsException.class, () -> batch.value(-1));
    assertThrows(IndexOutOfBoundsException.class, () -> batch.keyOffset(0));
    assertThrows(IndexOutOfBoundsException.class, () -> batch.keyLength(-1));
    assertThrows(IndexOutOfBoundsException.class, () -> batch.valueOffset(0));
    assertThrows(IndexOutOfBoundsException.class, () -> batch.valueLength(0));
    assertThrows(IllegalArgumentException.class, () -> new RecordBatch(0, 1));
    assertThrows(IllegalArgumentException.class, () -> new RecordBatch(1, 0));
    assertThrows(
        IllegalArgumentException.class, () -> new RecordBatch(RecordBatch.COUNT_MAX + 1, 1));
  }

  /** Entries that nobody touches must all be there, in order, whatever others do beside them. */
  @Test
  void shouldMissNoEntryThatStaysWhileOthersChange() throws InterruptedException {
    for (int i = 0; i < 2_000; i += 2) {
      put(key(i), bytes(60, i));
    }
    AtomicBoolean isDone = new AtomicBoolean();
    Thread writer =
        Thread.ofPlatform()
            .start(
                () -> {
                  Random random = new Random(9);
                  while (!isDone.get()) {
                    byte[] odd = key(random.nextInt(1_000) * 2 + 1);
                    table.put(odd, new byte[random.nextInt(600)]);
                    table.delete(key(random.nextInt(1_000) * 2 + 1));
                  }
                });
    RecordBatch batch = new RecordBatch(64, 8_000);
    for (int round = 0; round < 100; round++) {
      try (Cursor cursor = table.cursor(Range.all())) {
        assertSame(model, evens(scan(cursor, batch, true)));
        assertSame(model.descendingMap(), evens(scan(cursor, batch, false)));
      }
    }
    isDone.set(true);
    writer.join();
  }

  /** The memory of a batch is made once; what a thread allocates is counted by the machine. */
  @Test
  void shouldAllocateNothingForABatchOfSmallValues() {
    for (int i = 0; i < 2_000; i++) {
      table.put(key(i), bytes(100, i));
    }
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    RecordBatch batch = new RecordBatch(20, 1 << 14);
    long least = Long.MAX_VALUE;
    for (int round = 0; round < 100 && least > 0; round++) {
      try (Cursor cursor = table.cursor(Range.all())) {
        cursor.next(batch);
        long before = threads.getCurrentThreadAllocatedBytes();
        int batches = 0;
        while (batches < 50 && cursor.next(batch) > 0) {
          batches++;
        }
        while (batches > 0 && cursor.previous(batch) > 0) {
          batches--;
        }
        least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
      }
    }
    assertEquals(0, least, "bytes for 100 batches");
  }

  /** A batch is one thread's; another's filling must be refused, not written over freed memory. */
  @Test
  void shouldRefuseTheFillingOfASecondThread() throws InterruptedException {
    put(key(1), bytes(50, 1));
    put(key(2), bytes(LARGE_BYTES, 2));
    RecordBatch batch = new RecordBatch(4, 1);
    Queue<String> refusals = new ConcurrentLinkedQueue<>();
    Runnable fill =
        () -> {
          for (int round = 0; round < 20_000 && refusals.isEmpty(); round++) {
            try (Cursor cursor = table.cursor(Range.all())) {
              cursor.next(batch);
              cursor.next(batch);
            } catch (IllegalStateException e) {
              refusals.add(e.toString());
            }
          }
        };
    Thread other = Thread.ofPlatform().start(fill);
    fill.run();
    other.join();
    assertFalse(refusals.isEmpty(), "never met");
    for (String refusal : refusals) {
      assertTrue(refusal.contains("another thread"), refusal);
    }
  }

  private static List<Map.Entry<byte[], byte[]>> evens(List<Map.Entry<byte[], byte[]>> entries) {
    return entries.stream().filter(entry -> number(entry.getKey()) % 2 == 0).toList();
  }

  /** Checks that a batch goes on from a position; returns the position behind it. */
  private int follow(List<byte[]> keys, RecordBatch batch, int position, boolean isUpwards) {
    int next = position;
    for (int i = 0; i < batch.count(); i++) {
      byte[] expected = keys.get(isUpwards ? next : next - 1);
      assertArrayEquals(expected, batch.keyBytes(i));
      assertArrayEquals(model.get(expected), batch.valueBytes(i));
      assertSameInPlace(batch, i);
      next += isUpwards ? 1 : -1;
    }
    if (batch.count() == 0) {
      assertEquals(isUpwards ? keys.size() : 0, position);
    }
    return next;
  }

  private static void assertSameInPlace(RecordBatch batch, int index) {
    MemorySegment memory = batch.memory();
    assertTrue(memory.isReadOnly());
    assertEquals(
        -1,
        memory.asSlice(batch.keyOffset(index), batch.keyLength(index)).mismatch(batch.key(index)));
    assertEquals(
        -1,
        memory
            .asSlice(batch.valueOffset(index), batch.valueLength(index))
            .mismatch(batch.value(index)));
  }

  private static List<Map.Entry<byte[], byte[]>> scan(
      Cursor cursor, RecordBatch batch, boolean isUpwards) {
    List<Map.Entry<byte[], byte[]>> entries = new ArrayList<>();
    while ((isUpwards ? cursor.next(batch) : cursor.previous(batch)) > 0) {
      for (int i = 0; i < batch.count(); i++) {
        entries.add(Map.entry(batch.keyBytes(i), batch.valueBytes(i)));
      }
    }
    return entries;
  }

  private static void assertSame(
      Map<byte[], byte[]> expected, List<Map.Entry<byte[], byte[]>> found) {
    assertEquals(expected.size(), found.size());
    int i = 0;
    for (Map.Entry<byte[], byte[]> entry : expected.entrySet()) {
      assertArrayEquals(entry.getKey(), found.get(i).getKey());
      assertArrayEquals(entry.getValue(), found.get(i).getValue());
      i++;
    }
  }

  private void fill(Random random, int count) {
    for (int i = 0; i < count; i++) {
      int length = random.nextInt(50) == 0 ? random.nextInt(LARGE_BYTES) : random.nextInt(200);
      put(key(random.nextInt(4_000)), bytes(length, i));
    }
  }

  private void put(byte[] key, byte[] value) {
    table.put(key, value);
    model.put(key, value);
  }

  private static byte[] bytes(int length, int seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private static byte[] key(int number) {
    return "key-%05d".formatted(number).getBytes(StandardCharsets.UTF_8);
  }

  private static int number(byte[] key) {
    return Integer.parseInt(new String(key, 4, 5, StandardCharsets.UTF_8));
  }
}
