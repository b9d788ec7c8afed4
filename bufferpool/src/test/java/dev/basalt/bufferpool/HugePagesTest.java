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

/** A pool that holds all pages has them in huge ones, and none of those once it evicts. */
class HugePagesTest {
  private static final int PAGE = 4096;
  private static final int PAGE_COUNT = 32 << 10;
  private static final long POOL_BYTES = 72L << 20;

  private IoStack io;
  private BufferPool pool;

  @BeforeEach
  void open() throws IOException {
    RegionMemory.assumeHugePages();
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
  void shouldBackAllPagesWithHugeOnesWhileTheyFit() throws IOException {
    create(0, 8 << 10);

    assertEquals(32L << 20, pool.statistics().hugeBytes());
    assertEquals(32L << 20, inHugePages());
    check(0, 8 << 10);
  }

  @Test
  void shouldSplitHugePagesBeforeAPageIsEvicted() throws IOException {
    create(0, PAGE_COUNT);

    check(0, PAGE_COUNT);
    assertTrue(pool.statistics().pagesDropped() > 0);
    assertEquals(0, pool.statistics().hugeBytes());
    assertEquals(0, inHugePages());
    assertTrue(resident() <= POOL_BYTES, "resident: " + resident());
  }

  @Test
  void shouldStopWithAPageThatDoesNotFit() throws IOException {
    create(0, 1 << 10);
    create(PAGE_COUNT - 1, PAGE_COUNT);
    create(1 << 10, 2 << 10);

    assertEquals(0, pool.statistics().hugeBytes());
    check(0, 2 << 10);
    check(PAGE_COUNT - 1, PAGE_COUNT);
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
    assertTrue(pool.statistics().hugeBytes() > 0);
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
    assertEquals(0, inHugePages());
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
    return RegionMemory.inHugePages(pool.address(0), pool.address(PAGE_COUNT - 1));
  }

  private long resident() throws IOException {
    return RegionMemory.resident(pool.address(0), pool.address(PAGE_COUNT - 1));
  }
}
