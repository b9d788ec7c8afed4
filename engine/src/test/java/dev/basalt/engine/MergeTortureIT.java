// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.index.MergeConfig;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Writers that fill and thin out keys of their own, and read them by cursors both ways, in a store
 * with a tiny pool and a small log, while leaves that are about to be evicted are merged. The store
 * is verified, opened again and compared after each round. The threads are real.
 */
final class MergeTortureIT {
  private static final int WRITERS = 3;
  private static final int ROUNDS_MAX = 30;
  private static final long ROUND_NANOS = 2_000_000_000;
  private static final long MERGES = 3_000;
  private static final int KEYS = 12_000;
  private static final int WINDOW = 600;

  @TempDir private Path directory;

  @Test
  void shouldStayWholeWhileLeavesAreMerged() throws Exception {
    List<NavigableMap<Integer, byte[]>> models = new ArrayList<>();
    for (int i = 0; i < WRITERS; i++) {
      models.add(new TreeMap<>());
    }
    long merges = 0;
    for (int round = 0; round < ROUNDS_MAX && merges < MERGES; round++) {
      try (Store store = open()) {
        TortureModels.check(store, models);
        run(store.table("t"), models, round);
        TortureModels.check(store, models);
        merges += store.statistics().counter("index.merges");
      }
    }
    try (Store store = open()) {
      TortureModels.check(store, models);
    }
    System.out.printf("%,d merges%n", merges);
    assertTrue(merges >= MERGES, "merges: " + merges);
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
            .merges(MergeConfig.defaults())
            .build());
  }

  private static void run(Table table, List<NavigableMap<Integer, byte[]>> models, int round)
      throws Exception {
    long deadline = System.nanoTime() + ROUND_NANOS;
    try (ExecutorService threads = Executors.newFixedThreadPool(WRITERS)) {
      List<Future<?>> ends = new ArrayList<>();
      for (int i = 0; i < WRITERS; i++) {
        int number = i;
        Random random = new Random(round * WRITERS + i);
        ends.add(threads.submit(() -> write(table, models.get(number), number, random, deadline)));
      }
      for (Future<?> end : ends) {
        end.get();
      }
    }
  }

  private static void write(
      Table table, NavigableMap<Integer, byte[]> model, int number, Random random, long deadline) {
    while (System.nanoTime() < deadline) {
      int first = random.nextInt(KEYS / WINDOW) * WINDOW;
      int putPercent = random.nextBoolean() ? 80 : 25;
      for (int i = 0; i < WINDOW; i++) {
        int index = (first + random.nextInt(WINDOW)) * WRITERS + number;
        if (random.nextInt(100) < putPercent) {
          byte[] value = new byte[random.nextInt(300)];
          random.nextBytes(value);
          table.put(TortureModels.key(index), value);
          model.put(index, value);
        } else {
          assertEquals(model.remove(index) != null, table.delete(TortureModels.key(index)));
        }
      }
      compare(table, model, number, random.nextBoolean());
    }
  }

  /** Its keys do not change while it reads: a cursor has to find them all. */
  private static void compare(
      Table table, NavigableMap<Integer, byte[]> model, int number, boolean isUpwards) {
    var expected = (isUpwards ? model : model.descendingMap()).entrySet().iterator();
    try (Cursor cursor = table.cursor(Range.all())) {
      while (isUpwards ? cursor.next() : cursor.previous()) {
        int index = ByteBuffer.wrap(cursor.key()).getInt();
        if (index % WRITERS == number) {
          var entry = expected.next();
          assertEquals(entry.getKey(), index);
          assertArrayEquals(entry.getValue(), cursor.value());
        }
      }
    }
    assertTrue(!expected.hasNext(), "keys are missing");
  }
}
