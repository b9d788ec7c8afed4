// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.engine.internal.EngineSwitches;
import dev.basalt.index.ContentionConfig;
import dev.basalt.index.MergeConfig;
import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.Devices;
import dev.basalt.iostack.agent.Execution;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Writers, each of keys of its own, in a store with a tiny pool and a small log, while leaves that
 * are about to be evicted are merged and those that they contend for are split. Others read keys
 * that stay, by calls for many and by cursors both ways. The store is verified, opened again and
 * compared after each round, until there were some thousands of merges and of splits. The threads
 * are real, and yield while they hold a leaf.
 */
final class MergeTortureIT {
  /** The first ones meet in the same leaves, the others fill and thin out. */
  private static final int HOT_WRITERS = 2;

  private static final int WRITERS = 4;

  /** Of so many neighbouring keys the last one stays, the others are each one writer's. */
  private static final int STRIDE = WRITERS + 1;

  private static final int ROUNDS_MAX = 200;
  private static final long ROUND_NANOS = 2_000_000_000;
  private static final long MERGES = 3_000;
  private static final long SPLITS = 2_000;
  private static final int KEYS = 12_000;
  private static final int WINDOW = 600;

  /** Keys of each hot writer in the place where they meet. */
  private static final int HOT_WINDOW = 8;

  private static final int HOT_UPDATES = 100;
  private static final int KEYS_OF_READ = 60;

  private static final UUID STORE_ID = new UUID(1, 2);

  @TempDir private Path directory;
  private final AtomicInteger hotPlaces = new AtomicInteger();

  @Test
  void shouldStayWholeWhileLeavesAreMergedAndSplit() throws Exception {
    List<NavigableMap<Integer, byte[]>> models = new ArrayList<>();
    for (int i = 0; i < STRIDE; i++) {
      models.add(new TreeMap<>());
    }
    try (Store store = open()) {
      putStable(store.table("t"), models.getLast());
    }
    long merges = 0;
    long splits = 0;
    int rounds = 0;
    for (; rounds < ROUNDS_MAX && (merges < MERGES || splits < SPLITS); rounds++) {
      try (Store store = open()) {
        TortureModels.check(store, models);
        run(store.table("t"), models, rounds);
        TortureModels.check(store, models);
        merges += store.statistics().counter("index.merges");
        splits += store.statistics().counter("index.contentionSplits");
      }
    }
    try (Store store = open()) {
      TortureModels.check(store, models);
    }
    System.out.printf("%,d merges, %,d contention splits, %d rounds%n", merges, splits, rounds);
    assertTrue(merges >= MERGES, "merges: " + merges);
    assertTrue(splits >= SPLITS, "splits: " + splits);
  }

  private Store open() throws IOException {
    Execution execution = new YieldingThreads();
    StoreConfig config =
        StoreConfig.builder()
            .device("file:" + directory.resolve("store"))
            .poolBytes(1 << 20)
            .logBytes(4 << 20)
            .growthBytes(1 << 20)
            .storeBytesMax(1 << 30)
            .durability(Durability.none())
            .contention(new ContentionConfig(1, 16, 1))
            .merges(MergeConfig.defaults())
            .build();
    BlockDevice device = Devices.openOrCreate(config.device(), execution);
    return Store.open(config, device, execution, EngineSwitches.NONE_BROKEN, STORE_ID);
  }

  private static void putStable(Table table, Map<Integer, byte[]> model) {
    for (int i = 0; i < KEYS; i++) {
      int index = i * STRIDE + WRITERS;
      byte[] value = ByteBuffer.allocate(60).putInt(index).array();
      table.put(TortureModels.key(index), value);
      model.put(index, value);
    }
  }

  private void run(Table table, List<NavigableMap<Integer, byte[]>> models, int round)
      throws Exception {
    long deadline = System.nanoTime() + ROUND_NANOS;
    NavigableMap<Integer, byte[]> stable = models.getLast();
    try (ExecutorService threads = Executors.newFixedThreadPool(WRITERS + 2)) {
      List<Future<?>> ends = new ArrayList<>();
      for (int i = 0; i < WRITERS; i++) {
        int number = i;
        Random random = new Random(round * WRITERS + i);
        ends.add(threads.submit(() -> write(table, models.get(number), number, random, deadline)));
      }
      ends.add(threads.submit(() -> getTogether(table, stable, new Random(-round), deadline)));
      ends.add(threads.submit(() -> scan(table, stable, deadline)));
      for (Future<?> end : ends) {
        end.get();
      }
    }
  }

  private void write(
      Table table, NavigableMap<Integer, byte[]> model, int number, Random random, long deadline) {
    while (System.nanoTime() < deadline) {
      if (number < HOT_WRITERS) {
        contend(table, model, number, random);
      } else {
        fillAndThin(table, model, number, random);
        compare(table, model, number, random.nextBoolean());
      }
    }
  }

  /** Updates keys side by side with those of the other hot writer. */
  private void contend(
      Table table, NavigableMap<Integer, byte[]> model, int number, Random random) {
    int first = hotPlaces.getAndIncrement() / HOT_WRITERS % (KEYS / HOT_WINDOW) * HOT_WINDOW;
    for (int i = 0; i < HOT_UPDATES; i++) {
      put(table, model, (first + random.nextInt(HOT_WINDOW)) * STRIDE + number, 20, random);
    }
    delete(table, model, (first + random.nextInt(HOT_WINDOW)) * STRIDE + number);
  }

  private static void fillAndThin(
      Table table, NavigableMap<Integer, byte[]> model, int number, Random random) {
    int first = random.nextInt(KEYS / WINDOW) * WINDOW;
    int putPercent = random.nextBoolean() ? 80 : 25;
    for (int i = 0; i < WINDOW; i++) {
      int index = (first + random.nextInt(WINDOW)) * STRIDE + number;
      if (random.nextInt(100) < putPercent) {
        put(table, model, index, random.nextInt(300), random);
      } else {
        delete(table, model, index);
      }
    }
  }

  private static void delete(Table table, Map<Integer, byte[]> model, int index) {
    assertEquals(model.remove(index) != null, table.delete(TortureModels.key(index)));
  }

  private static void put(
      Table table, Map<Integer, byte[]> model, int index, int length, Random random) {
    byte[] value = new byte[length];
    random.nextBytes(value);
    table.put(TortureModels.key(index), value);
    model.put(index, value);
  }

  /** All keys that stay are found by calls for many, some of them side by side. */
  private static void getTogether(
      Table table, NavigableMap<Integer, byte[]> stable, Random random, long deadline) {
    while (System.nanoTime() < deadline) {
      List<Integer> indexes = new ArrayList<>();
      int near = random.nextInt(KEYS - KEYS_OF_READ);
      for (int i = 0; i < KEYS_OF_READ; i++) {
        int at = i % 2 == 0 ? near + i : random.nextInt(KEYS);
        indexes.add(at * STRIDE + WRITERS);
      }
      List<byte[]> values = table.getAll(indexes.stream().map(TortureModels::key).toList());
      for (int i = 0; i < KEYS_OF_READ; i++) {
        assertArrayEquals(stable.get(indexes.get(i)), values.get(i));
      }
    }
  }

  private static void scan(Table table, NavigableMap<Integer, byte[]> stable, long deadline) {
    for (int i = 0; i == 0 || System.nanoTime() < deadline; i++) {
      compare(table, stable, WRITERS, i % 2 == 0);
    }
  }

  /** Its keys do not change while it reads: a cursor has to find them all, in order, once. */
  private static void compare(
      Table table, NavigableMap<Integer, byte[]> model, int number, boolean isUpwards) {
    Iterator<Map.Entry<Integer, byte[]>> expected =
        (isUpwards ? model : model.descendingMap()).entrySet().iterator();
    byte[] before = null;
    try (Cursor cursor = table.cursor(Range.all())) {
      while (isUpwards ? cursor.next() : cursor.previous()) {
        byte[] key = cursor.key();
        if (before != null) {
          int order = Arrays.compareUnsigned(before, key);
          assertTrue(isUpwards ? order < 0 : order > 0, "keys out of order");
        }
        before = key;
        int index = ByteBuffer.wrap(key).getInt();
        if (index % STRIDE == number) {
          Map.Entry<Integer, byte[]> entry = expected.next();
          assertEquals(entry.getKey(), index);
          assertArrayEquals(entry.getValue(), cursor.value());
        }
      }
    }
    assertFalse(expected.hasNext(), "keys are missing");
  }

  /** Now and then others run where a simulation would let them, also while a leaf is latched. */
  private static final class YieldingThreads extends RealThreads {
    private static final int YIELDS_ONE_IN = 64;

    @Override
    @SuppressWarnings("ThreadPriorityCheck") // only makes threads meet more often
    public void interleave() {
      if (ThreadLocalRandom.current().nextInt(YIELDS_ONE_IN) == 0) {
        Thread.yield();
      }
    }
  }
}
