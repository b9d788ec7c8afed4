// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.bufferpool.internal.PageMemory;
import dev.basalt.iostack.Devices;
import dev.basalt.iostack.IoStack;
import dev.basalt.iostack.IoStackConfig;
import dev.basalt.iostack.agent.Execution;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Where pages are in memory, with a pool that is large enough for huge pages of the kernel. */
class FramesTest {
  private static final int PAGE = 4096;
  private static final int PAGE_COUNT = 32 << 10;
  private static final long POOL_BYTES = 72L << 20;

  private IoStack io;
  private BufferPool pool;

  @BeforeEach
  void open() throws IOException {
    io =
        IoStack.start(
            Devices.open("ram:" + (long) PAGE_COUNT * PAGE, Execution.threads()),
            new IoStackConfig(1, 32, 64),
            Execution.threads());
    BufferPoolConfig config = new BufferPoolConfig(PAGE, 0, PAGE_COUNT, POOL_BYTES, 0);
    pool = BufferPool.open(config, io, RecordingGate.open(), Execution.threads());
  }

  @AfterEach
  void close() throws IOException {
    if (pool != null) {
      pool.close();
      io.close();
    }
  }

  @Test
  void shouldKeepPagesInHugeOnes() throws IOException {
    RegionMemory.assumeHugePages();
    create(0, PAGE_COUNT);

    check(0, PAGE_COUNT);
    assertTrue(pool.statistics().pagesDropped() > 0);
    assertEquals(resident(), inHugePages());
    assertEquals(resident(), pool.statistics().hugeBytes());
  }

  @Test
  void shouldTakeNoMoreMemoryThanThePoolHas() throws IOException {
    create(0, PAGE_COUNT);
    assertTrue(resident() <= POOL_BYTES, "resident: " + resident());
  }

  @Test
  void shouldHaveEachPageWhereItsIdSaysWhileAllFit() throws IOException {
    create(0, 8 << 10);
    long first = pool.address(0);
    for (long pageId = 0; pageId < 8 << 10; pageId++) {
      assertEquals(first + pageId * PAGE, pool.address(pageId));
    }
  }

  @Test
  void shouldFindPagesWhoseFrameAnotherOneHas() throws IOException {
    create(0, 1 << 10);
    create(PAGE_COUNT - 100, PAGE_COUNT); // beyond the frames: takes the highest ones
    create(1 << 10, PAGE_COUNT - 100);

    check(0, PAGE_COUNT);
  }

  @Test
  void shouldGiveZeroesForAFreedPage() throws IOException {
    create(0, 1 << 10);
    for (long pageId = 0; pageId < 1 << 10; pageId += 3) {
      pool.latchExclusive(pageId);
      pool.discard(pageId);
    }
    for (long pageId = 0; pageId < 1 << 10; pageId += 3) {
      pool.create(pageId);
      long page = pool.address(pageId);
      for (int offset = PageHeader.LENGTH_BYTES; offset < PAGE; offset += 8) {
        assertEquals(0, PageMemory.getLong(page + offset));
      }
      pool.unlatchExclusive(pageId, false);
    }
  }

  @Test
  void shouldLoseNothingWhenThreadsUseThePoolMeanwhile() throws Exception {
    int threads = 4;
    List<Callable<Void>> tasks = new ArrayList<>();
    for (int thread = 0; thread < threads; thread++) {
      int offset = thread;
      tasks.add(() -> createFreeAndCheck(offset, threads));
    }
    try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
      for (Future<Void> future : executor.invokeAll(tasks)) {
        future.get();
      }
    }
    assertTrue(resident() <= POOL_BYTES, "resident: " + resident());
  }

  /** Works on every nth page: creates it, frees and creates again some, and looks back. */
  private Void createFreeAndCheck(int offset, int step) throws IOException {
    for (long pageId = offset; pageId < PAGE_COUNT; pageId += step) {
      create(pageId, pageId + 1);
      if (pageId % 5 == 0) {
        pool.latchExclusive(pageId);
        pool.discard(pageId);
        create(pageId, pageId + 1);
      }
      long back = pageId * 7 % (pageId + 1) / step * step + offset;
      check(back, back + 1);
    }
    return null;
  }

  private void create(long from, long limit) throws IOException {
    for (long pageId = from; pageId < limit; pageId++) {
      pool.create(pageId);
      for (int offset = PageHeader.LENGTH_BYTES; offset < PAGE; offset += 512) {
        PageMemory.putLong(pool.address(pageId) + offset, pageId * offset);
      }
      pool.unlatchExclusive(pageId, true);
    }
  }

  private void check(long from, long limit) throws IOException {
    for (long pageId = from; pageId < limit; pageId++) {
      pool.latchShared(pageId);
      for (int offset = PageHeader.LENGTH_BYTES; offset < PAGE; offset += 512) {
        assertEquals(pageId * offset, PageMemory.getLong(pool.address(pageId) + offset));
      }
      pool.unlatchShared(pageId);
    }
  }

  private long inHugePages() throws IOException {
    return RegionMemory.inHugePages(anyFrame(), anyFrame());
  }

  private long resident() throws IOException {
    return RegionMemory.resident(anyFrame(), anyFrame());
  }

  /** All frames are in one mapping. */
  private long anyFrame() {
    return pool.address(PAGE_COUNT - 1);
  }
}
