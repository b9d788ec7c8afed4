// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.bufferpool.BufferPoolConfig;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The least pool there can be under many threads that split and merge: those that wait for a frame
 * must not hold all the frames there are.
 */
@Timeout(90)
final class TinyPoolTest {
  private static final int PAGE_BYTES = 4096;
  private static final int THREADS = 400;
  private static final int KEYS_EACH = 120;
  private static final int ROUNDS = 3;

  @Test
  void shouldSplitAndMergeInManyThreads() throws Exception {
    StoreConfig config =
        StoreConfig.builder()
            .device("ram:128MiB")
            .poolBytes((long) BufferPoolConfig.POOL_PAGES_MIN * PAGE_BYTES)
            .pageBytes(PAGE_BYTES)
            .logBytes(64 << 20)
            .durability(Durability.none())
            .build();
    try (Store store = Store.open(config);
        ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      Table table = store.table("t");
      List<Future<?>> ends = new ArrayList<>();
      for (int thread = 0; thread < THREADS; thread++) {
        int number = thread;
        ends.add(executor.submit(() -> change(table, number)));
      }
      for (Future<?> end : ends) {
        end.get();
      }
      VerifyReport report = store.verify();
      assertTrue(report.isWhole(), () -> report.problems().toString());
      assertEquals((long) THREADS * KEYS_EACH / 2, report.tables().getFirst().entryCount());
    }
  }

  private static @Nullable Void change(Table table, int thread) {
    Random random = new Random(thread);
    for (int round = 0; round < ROUNDS; round++) {
      for (int i = 0; i < KEYS_EACH; i++) {
        table.put(key(thread, i), new byte[random.nextInt(300)]);
      }
      for (int i = 0; i < KEYS_EACH; i += 2) {
        assertTrue(table.delete(key(thread, i)));
        assertNull(table.get(key(thread, i)));
      }
    }
    return null;
  }

  /** Keys of one thread are far from each other. */
  private static byte[] key(int thread, int number) {
    long spread = (number * (long) THREADS + thread) * 0x9E3779B97F4A7C15L;
    return ByteBuffer.allocate(Long.BYTES).putLong(spread).array();
  }
}
