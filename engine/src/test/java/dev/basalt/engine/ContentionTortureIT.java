// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.index.ContentionConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Writers, each of keys of its own, side by side in the same leaves of a store with a tiny pool and
 * a small log; leaves are split for contention, emptied and merged. The store is opened again and
 * compared after each round. The threads are real: how often they meet depends on the machine, so
 * there are more rounds until they have met often enough.
 */
final class ContentionTortureIT {
  private static final int WRITERS = 4;
  private static final int ROUNDS = 3;
  private static final int ROUNDS_MAX = 150;
  private static final int SPLITS_MIN = 100;
  private static final long ROUND_NANOS = 2_000_000_000;
  private static final int WINDOWS = 400;
  private static final int WINDOW = 8;
  private static final int UPDATES_OF_WINDOW = 500;

  @TempDir private Path directory;
  private final AtomicInteger windows = new AtomicInteger();

  @Test
  void shouldStayWholeWhileLeavesAreSplitForContention() throws Exception {
    List<Map<Integer, byte[]>> models = new ArrayList<>();
    for (int i = 0; i < WRITERS; i++) {
      models.add(new HashMap<>());
    }
    long splits = 0;
    for (int round = 0; round < ROUNDS || splits < SPLITS_MIN && round < ROUNDS_MAX; round++) {
      try (Store store = open()) {
        TortureModels.check(store, models);
        run(store.table("t"), models);
        TortureModels.check(store, models);
        splits += store.statistics().counter("index.contentionSplits");
      }
    }
    try (Store store = open()) {
      TortureModels.check(store, models);
    }
    System.out.printf("%,d contention splits in %d windows%n", splits, windows.get() / WRITERS);
    assertTrue(splits >= SPLITS_MIN, "splits: " + splits);
  }

  private Store open() {
    return Store.open(
        StoreConfig.builder()
            .device("file:" + directory.resolve("store"))
            .poolBytes(1 << 20)
            .logBytes(4 << 20)
            .growthBytes(1 << 20)
            .storeBytesMax(1 << 30)
            .durability(Durability.none())
            .contention(new ContentionConfig(1, 16, 1))
            .build());
  }

  private void run(Table table, List<Map<Integer, byte[]>> models) throws Exception {
    long deadline = System.nanoTime() + ROUND_NANOS;
    try (ExecutorService threads = Executors.newFixedThreadPool(WRITERS)) {
      List<Future<?>> ends = new ArrayList<>();
      for (int i = 0; i < WRITERS; i++) {
        int number = i;
        ends.add(threads.submit(() -> write(table, models.get(number), number, deadline)));
      }
      for (Future<?> end : ends) {
        end.get();
      }
    }
  }

  private void write(Table table, Map<Integer, byte[]> model, int number, long deadline) {
    Random random = new Random(number);
    while (System.nanoTime() < deadline) {
      int first = windows.getAndIncrement() / WRITERS % WINDOWS * WINDOW;
      for (int i = 0; i < UPDATES_OF_WINDOW; i++) {
        int index = (first + random.nextInt(WINDOW)) * WRITERS + number;
        byte[] value = new byte[20];
        random.nextBytes(value);
        table.put(TortureModels.key(index), value);
        model.put(index, value);
      }
      int deleted = (first + random.nextInt(WINDOW)) * WRITERS + number;
      assertEquals(model.remove(deleted) != null, table.delete(TortureModels.key(deleted)));
    }
  }
}
