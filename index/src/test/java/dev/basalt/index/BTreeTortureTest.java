// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Two writers of keys of their own and a scanning reader, with a pool far smaller than the data.
 */
class BTreeTortureTest {
  private static final int STABLE = 2_000;
  private static final long SHORT_NANOS = 2_000_000_000L;
  private static final long LONG_NANOS = 60_000_000_000L;

  @Test
  void shouldStayWholeUnderConcurrentChange() throws Exception {
    torture(SHORT_NANOS, 11);
  }

  @Test
  @Tag("long")
  void shouldStayWholeForAMinute() throws Exception {
    torture(LONG_NANOS, System.nanoTime());
  }

  private static void torture(long nanos, long seed) throws Exception {
    try (TreeFixture fixture = TreeFixture.withTinyPool(16_384);
        ExecutorService threads = Executors.newFixedThreadPool(3)) {
      for (int i = 0; i < STABLE; i++) {
        fixture.put(stable(i), new byte[100]);
      }
      AtomicBoolean isOver = new AtomicBoolean();
      Future<NavigableMap<byte[], byte[]>> first =
          threads.submit(() -> write(fixture, 1, seed, isOver));
      Future<NavigableMap<byte[], byte[]>> second =
          threads.submit(() -> write(fixture, 2, seed + 1, isOver));
      Future<Integer> scans = threads.submit(() -> scan(fixture, isOver));
      long deadline = System.nanoTime() + nanos;
      while (System.nanoTime() < deadline && !first.isDone() && !second.isDone()) {
        Thread.onSpinWait();
      }
      isOver.set(true);
      assertTrue(scans.get() > 0, "no scan ended");
      int size = STABLE + check(fixture, first) + check(fixture, second);
      assertEquals(size, fixture.verified().keyCount());
    }
  }

  private static int check(TreeFixture fixture, Future<NavigableMap<byte[], byte[]>> writer)
      throws InterruptedException, ExecutionException, IOException {
    for (Map.Entry<byte[], byte[]> entry : writer.get().entrySet()) {
      assertArrayEquals(entry.getValue(), fixture.get(entry.getKey()));
    }
    return writer.get().size();
  }

  private static NavigableMap<byte[], byte[]> write(
      TreeFixture fixture, int writer, long seed, AtomicBoolean isOver) {
    Random random = new Random(seed);
    NavigableMap<byte[], byte[]> model = new TreeMap<>(Arrays::compareUnsigned);
    SearchKey key = new SearchKey();
    ValueBuffer value = new ValueBuffer();
    try {
      for (int i = 0; !isOver.get(); i++) {
        boolean isGrowing = i / 8_000 % 2 == 0;
        byte[] k = key(random, writer);
        if (random.nextInt(10) < (isGrowing ? 8 : 2)) {
          byte[] v = new byte[random.nextInt(250)];
          random.nextBytes(v);
          boolean wasThere = fixture.tree.put(key.set(k), value.set(v), fixture.log.nextLsn());
          assertEquals(model.put(k, v) != null, wasThere);
        } else {
          boolean wasThere = fixture.tree.delete(key.set(k), fixture.log.nextLsn());
          assertEquals(model.remove(k) != null, wasThere);
        }
      }
      return model;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Each key that is always there is seen exactly once and in order, both ways. */
  private static int scan(TreeFixture fixture, AtomicBoolean isOver) throws IOException {
    TreeCursor cursor = fixture.tree.cursor();
    SearchKey key = new SearchKey();
    int scans = 0;
    do {
      boolean isForward = scans % 2 == 0;
      cursor.low(null, true);
      int seen = 0;
      byte[] before = null;
      while (isForward ? cursor.next() : cursor.previous()) {
        cursor.key(key);
        byte[] found = key.toByteArray();
        if (before != null) {
          int order = Arrays.compareUnsigned(before, found);
          assertTrue(isForward ? order < 0 : order > 0, "keys out of order");
        }
        before = found;
        if (found[found.length - 1] == 0) {
          byte[] expected = stable(isForward ? seen : STABLE - 1 - seen);
          assertArrayEquals(expected, found);
          seen++;
        }
      }
      assertEquals(STABLE, seen);
      scans++;
    } while (!isOver.get());
    return scans;
  }

  private static byte[] stable(int i) {
    return new byte[] {(byte) (i >>> 3), (byte) (i << 5), (byte) i, 0};
  }

  private static byte[] key(Random random, int writer) {
    byte[] key = new byte[3 + random.nextInt(20)];
    random.nextBytes(key);
    key[key.length - 1] = (byte) writer;
    return key;
  }
}
