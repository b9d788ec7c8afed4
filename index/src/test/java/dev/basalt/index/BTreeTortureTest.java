// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.BlockDeviceProvider;
import dev.basalt.iostack.Devices;
import dev.basalt.iostack.agent.Execution;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Two writers of keys of their own, who also scan, and a scanning reader, with a pool far smaller
 * than the data. The threads are real: a seed gives the same operations, not the same run.
 */
class BTreeTortureTest {
  private static final int STABLE = 2_000;
  private static final int SCAN_INTERVAL = 4_000;
  private static final long NANOS_PER_SECOND = 1_000_000_000;
  private static final String SIZE = "64MiB";

  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({"io_uring, 11", "ram, 12"})
  void shouldStayWholeUnderConcurrentChange(String scheme, long seed) throws Exception {
    torture(scheme, 2, seed);
  }

  @ParameterizedTest
  @Tag("long")
  @CsvSource({"io_uring, 21", "ram, 22", "io_uring, 23", "ram, 24"})
  void shouldStayWholeForAMinute(String scheme, long seed) throws Exception {
    torture(scheme, 60, seed);
  }

  private void torture(String scheme, long seconds, long seed) throws Exception {
    try (TreeFixture fixture = TreeFixture.withTinyPool(open(scheme));
        ExecutorService threads = Executors.newFixedThreadPool(3)) {
      for (int i = 0; i < STABLE; i++) {
        fixture.put(stable(i), new byte[100]);
      }
      long deadline = System.nanoTime() + seconds * NANOS_PER_SECOND;
      Future<NavigableMap<byte[], byte[]>> first =
          threads.submit(() -> new Writer(fixture, 1, seed).write(deadline));
      Future<NavigableMap<byte[], byte[]>> second =
          threads.submit(() -> new Writer(fixture, 2, seed + 1).write(deadline));
      Future<Integer> scans = threads.submit(() -> scan(fixture, deadline));
      assertTrue(scans.get() > 0, "no scan ended");
      int size = STABLE + check(fixture, first.get()) + check(fixture, second.get());
      assertEquals(size, fixture.verified().keyCount());
    }
  }

  private BlockDevice open(String scheme) throws IOException {
    for (BlockDeviceProvider provider : Devices.providers()) {
      if (provider.scheme().equals(scheme)) {
        assumeTrue(provider.availability().usable(), provider.availability().reason());
      }
    }
    String target =
        scheme.equals("ram") ? SIZE : directory.resolve("data") + "?create=true&size=" + SIZE;
    return Devices.open(scheme + ":" + target, Execution.threads());
  }

  private static int check(TreeFixture fixture, NavigableMap<byte[], byte[]> model)
      throws IOException {
    for (Map.Entry<byte[], byte[]> entry : model.entrySet()) {
      assertArrayEquals(entry.getValue(), fixture.get(entry.getKey()));
    }
    return model.size();
  }

  /** Each key that is always there is seen exactly once and in order, both ways. */
  private static int scan(TreeFixture fixture, long deadline) throws IOException {
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
        checkOrder(before, found, isForward);
        before = found;
        if (found[found.length - 1] == 0) {
          byte[] expected = stable(isForward ? seen : STABLE - 1 - seen);
          assertArrayEquals(expected, found);
          seen++;
        }
      }
      assertEquals(STABLE, seen);
      scans++;
    } while (System.nanoTime() < deadline);
    return scans;
  }

  private static void checkOrder(byte @Nullable [] before, byte[] found, boolean isForward) {
    if (before != null) {
      int order = Arrays.compareUnsigned(before, found);
      assertTrue(isForward ? order < 0 : order > 0, "keys out of order");
    }
  }

  private static byte[] stable(int i) {
    return new byte[] {(byte) (i >>> 3), (byte) (i << 5), (byte) i, 0};
  }

  /** Changes keys that end with its number, and keeps a model of them. */
  private static final class Writer {
    private final TreeFixture fixture;
    private final int number;
    private final Random random;
    private final NavigableMap<byte[], byte[]> model = new TreeMap<>(Arrays::compareUnsigned);
    private final SearchKey key = new SearchKey();
    private final ValueBuffer value = new ValueBuffer();

    Writer(TreeFixture fixture, int number, long seed) {
      this.fixture = fixture;
      this.number = number;
      random = new Random(seed);
    }

    NavigableMap<byte[], byte[]> write(long deadline) throws IOException {
      for (int i = 0; System.nanoTime() < deadline; i++) {
        boolean isGrowing = i / 8_000 % 2 == 0;
        byte[] k = randomKey();
        if (random.nextInt(10) < (isGrowing ? 8 : 2)) {
          byte[] v = new byte[random.nextInt(250)];
          random.nextBytes(v);
          boolean wasThere = fixture.tree.put(key.set(k), value.set(v), fixture.log.nextLsn());
          assertEquals(model.put(k, v) != null, wasThere);
        } else {
          k = random.nextBoolean() ? k : near(k);
          boolean wasThere = fixture.tree.delete(key.set(k), fixture.log.nextLsn());
          assertEquals(model.remove(k) != null, wasThere);
        }
        if (i % SCAN_INTERVAL == SCAN_INTERVAL - 1) {
          compare(i / SCAN_INTERVAL % 2 == 0);
        }
      }
      return model;
    }

    /** Its keys do not change while it scans: a scan has to find them all, with their values. */
    private void compare(boolean isForward) throws IOException {
      TreeCursor cursor = fixture.tree.cursor();
      cursor.low(null, true);
      var expected = (isForward ? model : model.descendingMap()).entrySet().iterator();
      while (isForward ? cursor.next() : cursor.previous()) {
        cursor.key(key);
        byte[] found = key.toByteArray();
        if (found[found.length - 1] == number) {
          assertArrayEquals(expected.next().getKey(), found);
        }
      }
      assertTrue(!expected.hasNext(), "keys are missing in a scan");
    }

    /** A key that is there, where any is. */
    private byte[] near(byte[] k) {
      byte[] found = model.ceilingKey(k);
      return found == null ? k : found;
    }

    private byte[] randomKey() {
      byte[] k = new byte[3 + random.nextInt(20)];
      random.nextBytes(k);
      k[k.length - 1] = (byte) number;
      return k;
    }
  }
}
