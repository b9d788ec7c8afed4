// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.bufferpool.BufferPool;
import dev.basalt.bufferpool.BufferPoolConfig;
import dev.basalt.bufferpool.DamagedPageException;
import dev.basalt.iostack.IoStack;
import dev.basalt.iostack.IoStackConfig;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.sim.SimulatedDevice;
import dev.basalt.iostack.sim.SimulatedGeometry;
import dev.basalt.iostack.sim.SimulationPlan;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where pages come from when they are many, or few. */
final class PageReservationTest {
  private static final int PAGE = TreeFixture.PAGE;
  private static final int GROUP_PAGES = (PAGE - 64) * 8;
  private static final int KEY_BYTES = 1000;

  /** A step makes the map of one group at most. */
  @ParameterizedTest
  @ValueSource(longs = {20_000, 40_000, 70_000, 120_000})
  void shouldAllocateARunOverSeveralNewGroups(long pages) throws IOException {
    try (TreeFixture fixture = new TreeFixture(512, 130_000, Execution.threads())) {
      long before = fixture.space.availablePages();
      PageRun run = fixture.space.allocateRun(fixture.key, pages);
      assertEquals(pages, IntStream.of(run.pageCounts()).asLongStream().sum());
      assertEquals(before - pages, fixture.space.availablePages());
      fixture.space.freeRun(fixture.key, run);
      assertEquals(before, fixture.space.availablePages());
    }
  }

  /** What stands in the log before the record of a step says nothing of that step. */
  @Test
  void shouldFindNoGroupWhoseMapWasNotLogged() throws IOException {
    List<RecordingLog.Structure> records;
    int ofStep;
    try (TreeFixture fixture = new TreeFixture(512, 2 * GROUP_PAGES, Execution.threads())) {
      fixture.log.isKeeping = true;
      fixture.log.horizon = fixture.log.nextLsn(); // a checkpoint has begun
      int before = fixture.log.records.size();
      fixture.space.allocateRun(fixture.key, GROUP_PAGES + 1000);
      records = List.copyOf(fixture.log.records);
      ofStep = records.size() - before;
    }
    assertTrue(ofStep > 1, "page 0 was logged before the step");
    for (int lost = 0; lost <= ofStep; lost++) {
      long available = availableAfter(records.subList(0, records.size() - lost));
      assertTrue(available > 0, "pages with " + lost + " records lost");
    }
  }

  /** Redoes records on an empty device; returns how many pages are available. */
  private static long availableAfter(List<RecordingLog.Structure> records) throws IOException {
    long pages = 2L * GROUP_PAGES;
    SimulatedDevice device =
        new SimulatedDevice(
            SimulatedGeometry.of(pages * PAGE), SimulationPlan.of(1), Execution.threads());
    RecordingLog log = new RecordingLog();
    BufferPoolConfig config = new BufferPoolConfig(PAGE, 0, pages, 512L * PAGE, 0);
    try (Arena arena = Arena.ofConfined();
        device;
        IoStack io = IoStack.start(device, new IoStackConfig(1, 32, 64), Execution.threads());
        BufferPool pool = BufferPool.open(config, io, log, Execution.threads())) {
      PageRedo redo = new PageRedo(PAGE);
      for (RecordingLog.Structure record : records) {
        byte[] body = record.body();
        MemorySegment copy = arena.allocate(body.length + 16L, 8);
        MemorySegment.copy(body, 0, copy, ValueLayout.JAVA_BYTE, 0, body.length);
        redo.wrap(copy.address(), body.length, record.lsn());
        while (redo.next()) {
          redoPage(pool, redo);
        }
      }
      PageSpace space = new PageSpace(pool, log, PAGE, pages);
      space.load();
      return space.availablePages();
    }
  }

  private static void redoPage(BufferPool pool, PageRedo redo) throws IOException {
    if (redo.pageId() < 0) {
      return;
    }
    boolean wasRead = true;
    try {
      pool.latchExclusive(redo.pageId());
    } catch (DamagedPageException _) { // it was never written
      wasRead = false;
      pool.create(redo.pageId());
    }
    boolean isChanged = redo.redo(pool.address(redo.pageId()), wasRead);
    pool.unlatchExclusive(redo.pageId(), isChanged);
  }

  /**
   * Keys that differ at their end only make separators of a quarter of a page: one put may split
   * its leaf and all above it more than once. That must not fail once the put was logged.
   */
  @Test
  void shouldPutLongKeysIntoAStoreThatIsAlmostFull() throws IOException {
    int refused = 0;
    for (int seed = 1; seed <= 100; seed++) {
      refused += fill(new Random(seed));
    }
    assertTrue(refused > 1000, "puts that found the store full: " + refused);
  }

  private static int fill(Random random) throws IOException {
    int groups = 1500 + random.nextInt(1000);
    int tails = 2 + random.nextInt(6);
    int valueBytes = random.nextInt(25);
    int refused = 0;
    List<byte[]> keys = new ArrayList<>();
    try (TreeFixture fixture = new TreeFixture(1200, 800, Execution.threads())) {
      for (int i = 0; i < 6000; i++) {
        byte[] key = longKey(random.nextInt(groups), random.nextInt(tails));
        long reserved = fixture.tree.height() + 4L;
        if (fixture.space.tryReserve(reserved)) {
          fixture.put(key, new byte[valueBytes]);
          keys.add(key);
          fixture.space.release(reserved);
        } else {
          refused++;
          deleteSome(fixture, keys, random);
        }
      }
      assertArrayEquals(new byte[valueBytes], fixture.get(keys.getLast()));
    }
    return refused;
  }

  private static void deleteSome(TreeFixture fixture, List<byte[]> keys, Random random)
      throws IOException {
    for (int i = 0; i < 12 && keys.size() > 1; i++) {
      int index = random.nextInt(keys.size() - 1);
      fixture.delete(keys.get(index));
      byte[] removed = keys.get(index);
      keys.removeIf(key -> Arrays.equals(key, removed));
    }
  }

  private static byte[] longKey(int group, int tail) {
    byte[] key = new byte[KEY_BYTES];
    Arrays.fill(key, (byte) (group * 37));
    key[0] = (byte) (group >> 8);
    key[1] = (byte) group;
    key[KEY_BYTES - 1] = (byte) tail;
    return key;
  }
}
