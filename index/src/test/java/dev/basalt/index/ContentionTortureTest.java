// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.iostack.Devices;
import dev.basalt.iostack.agent.Execution;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/**
 * Writers, each of keys of its own, side by side in the same leaves, with a pool far smaller than
 * the data: leaves are split for contention all the time, and emptied and merged again. Ends after
 * some thousands of such splits. The threads are real, and yield while they hold a leaf.
 */
class ContentionTortureTest {
  private static final int WRITERS = 4;
  private static final int KEYS = 16_000;
  private static final int WINDOW = 8;
  private static final int UPDATES_OF_WINDOW = 200;
  private static final long SPLITS = 3_000;

  /** Deletes of every window, so that leaves become sparse and are merged. */
  private static final int DELETE_ONE_IN = 3;

  private static final long NANOS_MAX = 120_000_000_000L;

  private final AtomicInteger rounds = new AtomicInteger();

  @Test
  void shouldStayWholeWhileLeavesAreSplitForContention() throws Exception {
    try (TreeFixture fixture =
            TreeFixture.withTinyPool(Devices.open("ram:64MiB", Execution.threads()));
        ExecutorService threads = Executors.newFixedThreadPool(WRITERS)) {
      ContentionConfig config = new ContentionConfig(2, 32, 1);
      BTree tree = BTree.open(fixture.space, fixture.tree.rootId(), config);
      fixture.log.isYielding = true;
      List<Future<NavigableMap<Integer, Byte>>> models = new ArrayList<>();
      for (int i = 0; i < WRITERS; i++) {
        int number = i;
        models.add(threads.submit(() -> write(fixture, tree, number)));
      }
      int size = 0;
      for (Future<NavigableMap<Integer, Byte>> model : models) {
        for (Map.Entry<Integer, Byte> entry : model.get().entrySet()) {
          assertArrayEquals(value(entry.getValue()), fixture.get(key(entry.getKey())));
          size++;
        }
      }
      assertEquals(size, fixture.verified().keyCount());
      TreeContention contention = tree.contention();
      System.out.printf(
          "%d sampled, %d contended, %d splits, %d rounds%n",
          contention.sampledUpdates(),
          contention.contendedUpdates(),
          contention.splits(),
          rounds.get());
      assertTrue(contention.splits() >= SPLITS, "splits: " + contention.splits());
    }
  }

  /** All writers go through the keys together, and over and over. */
  private NavigableMap<Integer, Byte> write(TreeFixture fixture, BTree tree, int number)
      throws Exception {
    NavigableMap<Integer, Byte> model = new TreeMap<>();
    Random random = new Random(number);
    SearchKey key = new SearchKey();
    ValueBuffer value = new ValueBuffer();
    long deadline = System.nanoTime() + NANOS_MAX;
    while (tree.contention().splits() < SPLITS) {
      assertTrue(System.nanoTime() < deadline, "too few splits in two minutes");
      int first = rounds.getAndIncrement() / WRITERS % (KEYS / WINDOW) * WINDOW;
      for (int i = 0; i < UPDATES_OF_WINDOW; i++) {
        int index = (first + random.nextInt(WINDOW)) * WRITERS + number;
        byte content = (byte) random.nextInt();
        boolean wasThere =
            tree.put(key.set(key(index)), value.set(value(content)), fixture.log.nextLsn());
        assertEquals(model.put(index, content) != null, wasThere);
      }
      for (int i = 0; i < WINDOW; i++) {
        int index = (first + i) * WRITERS + number;
        if (random.nextInt(DELETE_ONE_IN) == 0) {
          boolean wasThere = tree.delete(key.set(key(index)), fixture.log.nextLsn());
          assertEquals(model.remove(index) != null, wasThere);
        }
      }
    }
    return model;
  }

  private static byte[] key(int index) {
    return TreeFixture.bytes(index);
  }

  private static byte[] value(byte content) {
    return new byte[] {content, content, content, content};
  }
}
