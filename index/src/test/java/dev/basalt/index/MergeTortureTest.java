// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.bufferpool.BufferPool;
import dev.basalt.iostack.Devices;
import dev.basalt.iostack.agent.Execution;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/**
 * Writers, each of keys of its own, and readers that scan both ways, with a pool far smaller than
 * the data, while all leaves that are about to be evicted are merged, and those that the writers
 * contend for are split. Ends after some hundreds of both. The threads are real, and yield while
 * they hold a leaf.
 */
class MergeTortureTest {
  private static final int WRITERS = 2;

  /** Keys per writer; every eighth one is there from the start to the end. */
  private static final int KEYS = 20_000;

  private static final int STABLE_ONE_IN = 8;
  private static final int WINDOW = 200;
  private static final long MERGES = 1_000;
  private static final long SPLITS = 500;

  /** A hot place, to which both writers come at about the same time. */
  private static final int HOT_WINDOW = 8;

  private static final int HOT_UPDATES = 600;
  private static final long NANOS_MAX = 400_000_000_000L;

  private final AtomicBoolean isOver = new AtomicBoolean();
  private final AtomicInteger hotPlaces = new AtomicInteger();
  private final long deadline = System.nanoTime() + NANOS_MAX;

  @Test
  void shouldLoseNoRecordWhileLeavesAreMerged() throws Exception {
    try (TreeFixture fixture =
            TreeFixture.withTinyPool(Devices.open("ram:64MiB", Execution.threads()));
        ExecutorService threads = Executors.newFixedThreadPool(WRITERS + 3)) {
      BTree tree = BTree.open(fixture.space, fixture.tree.rootId(), new ContentionConfig(2, 32, 1));
      LeafMerger merger = new LeafMerger(fixture.space, MergeConfig.defaults());
      fixture.pool.whenCooling(() -> {});
      for (int i = 0; i < WRITERS * KEYS; i += STABLE_ONE_IN) {
        fixture.put(key(i), value(0));
      }
      fixture.log.isYielding = true;
      List<Future<NavigableMap<Integer, Byte>>> models = new ArrayList<>();
      for (int i = 0; i < WRITERS; i++) {
        int number = i;
        models.add(threads.submit(() -> write(fixture, tree, number)));
      }
      Future<Integer> up = threads.submit(() -> scan(tree, true));
      Future<Integer> down = threads.submit(() -> scan(tree, false));
      Future<?> merging = threads.submit(() -> merge(fixture, tree, merger));
      merging.get();
      assertTrue(up.get() > 0, "no scan upwards has ended");
      assertTrue(down.get() > 0, "no scan downwards has ended");
      int size = WRITERS * KEYS / STABLE_ONE_IN;
      for (Future<NavigableMap<Integer, Byte>> model : models) {
        for (Map.Entry<Integer, Byte> entry : model.get().entrySet()) {
          assertArrayEquals(value(entry.getValue()), fixture.get(key(entry.getKey())));
          size++;
        }
      }
      assertEquals(size, fixture.verified().keyCount());
      System.out.printf(
          "%s, %d splits, %s scans up, %s down%n",
          merger.statistics(), tree.contention().splits(), up.get(), down.get());
    }
  }

  private Void merge(TreeFixture fixture, BTree tree, LeafMerger merger) throws IOException {
    try {
      while (merger.statistics().merges() < MERGES || tree.contention().splits() < SPLITS) {
        assertTrue(System.nanoTime() < deadline, "too few: " + merger.statistics());
        long page = fixture.pool.pollCooling();
        if (page == BufferPool.NO_PAGE) {
          Thread.onSpinWait();
        } else {
          LeafMergeTest.tryMerge(tree, merger, page);
        }
      }
    } finally {
      isOver.set(true);
    }
    return null;
  }

  /** Fills one window of keys after the other and thins it out again. */
  private NavigableMap<Integer, Byte> write(TreeFixture fixture, BTree tree, int number)
      throws IOException {
    NavigableMap<Integer, Byte> model = new TreeMap<>();
    Random random = new Random(number);
    SearchKey key = new SearchKey();
    ValueBuffer value = new ValueBuffer();
    for (int first = 0; !isOver.get(); first = (first + WINDOW) % KEYS) {
      int hot = hotPlaces.getAndIncrement() / WRITERS % (KEYS / HOT_WINDOW) * HOT_WINDOW;
      for (int i = 0; i < HOT_UPDATES; i++) {
        int index = (hot + random.nextInt(HOT_WINDOW)) * WRITERS + number;
        if (index % STABLE_ONE_IN > 0) {
          byte content = (byte) i;
          tree.put(key.set(key(index)), value.set(value(content)), fixture.log.nextLsn());
          model.put(index, content);
        }
      }
      for (int i = 0; i < WINDOW; i++) {
        int index = (first + random.nextInt(WINDOW)) * WRITERS + number;
        if (index % STABLE_ONE_IN == 0) {
          continue;
        }
        if (random.nextInt(3) > 0) {
          byte content = (byte) random.nextInt();
          boolean wasThere =
              tree.put(key.set(key(index)), value.set(value(content)), fixture.log.nextLsn());
          assertEquals(model.put(index, content) != null, wasThere);
        } else {
          boolean wasThere = tree.delete(key.set(key(index)), fixture.log.nextLsn());
          assertEquals(model.remove(index) != null, wasThere);
        }
      }
    }
    return model;
  }

  /** Each key that is always there is seen exactly once and in order. */
  private int scan(BTree tree, boolean isUpwards) throws IOException {
    TreeCursor cursor = tree.cursor();
    SearchKey key = new SearchKey();
    int scans = 0;
    do {
      cursor.low(null, true);
      int seen = 0;
      byte[] before = null;
      while (isUpwards ? cursor.next() : cursor.previous()) {
        cursor.key(key);
        byte[] found = key.toByteArray();
        if (before != null) {
          int order = Arrays.compareUnsigned(before, found);
          assertTrue(isUpwards ? order < 0 : order > 0, "keys out of order");
        }
        before = found;
        seen += found[found.length - 1] % STABLE_ONE_IN == 0 ? 1 : 0;
      }
      assertEquals(WRITERS * KEYS / STABLE_ONE_IN, seen);
      scans++;
    } while (!isOver.get());
    return scans;
  }

  private static byte[] key(int index) {
    return TreeFixture.bytes(index);
  }

  private static byte[] value(int content) {
    byte[] value = new byte[100];
    Arrays.fill(value, (byte) content);
    return value;
  }
}
