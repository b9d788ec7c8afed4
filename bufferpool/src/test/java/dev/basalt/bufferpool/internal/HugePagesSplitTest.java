// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.bufferpool.BufferPoolConfig;
import dev.basalt.bufferpool.RegionMemory;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.agent.ParkingLot;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Splitting by itself: without it the kernel would keep each huge page whole, however many of its
 * small pages were dropped, and would not even show that.
 */
class HugePagesSplitTest {
  private static final int PAGE = 4096;
  private static final int PAGES = 4 << 10;
  private static final int PAGE_COUNT = 64 << 10;
  private static final int FRAMES = 18 << 10;

  private PageRegion region;
  private PageStates states;
  private FrameReserve frames;
  private HugePages huge;

  @BeforeEach
  void fill() throws IOException {
    RegionMemory.assumeHugePages();
    BufferPoolConfig config = new BufferPoolConfig(PAGE, 0, PAGE_COUNT, (long) FRAMES * PAGE, 0);
    region = PageRegion.reserve(config, 512);
    states = new PageStates(region.wordsAddress());
    ParkingLot lot = new ParkingLot(Execution.threads());
    PageLatches latches = new PageLatches(states, lot, new PoolCounters(), Execution.threads());
    frames = new FrameReserve(FRAMES, lot, new PoolFailure());
    huge = new HugePages(region, states, latches, frames);
    for (long pageId = 0; pageId < PAGES; pageId++) {
      assertTrue(states.tryFaultIn(pageId, states.word(pageId)));
      huge.beforeFault(pageId);
      PageMemory.putLong(region.address(pageId), pageId + 1);
      latches.unlatchExclusive(pageId, false);
    }
  }

  @AfterEach
  void close() {
    if (region != null) {
      region.close();
    }
  }

  @Test
  void shouldSplitEveryHugePageAndKeepItsContent() throws IOException {
    assertEquals((long) PAGES * PAGE, inHugePages());

    huge.leave();
    assertTrue(huge.isSplitting());
    assertFalse(huge.isSmall());
    int count = splitAll();

    assertEquals(2 * PAGES / 512, count);
    assertTrue(huge.isSmall());
    assertEquals(0, inHugePages());
    assertEquals((long) PAGES * PAGE, resident());
    for (long pageId = 0; pageId < PAGES; pageId++) {
      assertEquals(pageId + 1, PageMemory.getLong(region.address(pageId)));
    }
  }

  @Test
  void shouldGiveMemoryOfEvictedPagesBackAfterTheSplit() throws IOException {
    for (long pageId = 0; pageId < PAGES; pageId += 2) {
      assertTrue(states.tryExclusive(pageId, states.word(pageId)));
      assertTrue(huge.drop(pageId), "kept, as part of a huge page");
      assertEquals(0, PageMemory.getLong(region.address(pageId)));
      states.evicted(pageId);
      huge.recheck(pageId);
    }
    assertEquals((long) PAGES * PAGE, resident());

    huge.leave();
    splitAll();

    assertEquals((long) PAGES / 2 * PAGE, resident());
    for (long pageId = 0; pageId < PAGES; pageId++) {
      boolean isEvicted = pageId % 2 == 0;
      assertEquals(isEvicted, PageStates.state(states.word(pageId)) == PageStates.EVICTED);
      assertEquals(isEvicted ? 0 : pageId + 1, PageMemory.getLong(region.address(pageId)));
    }
  }

  @Test
  void shouldDropAPageThatWasLatchedWhileItsHugePageWasSplit() throws IOException {
    assertTrue(states.tryExclusive(7, states.word(7)));
    boolean isKept = huge.drop(7);
    PageMemory.putLong(region.address(7), 1); // Kernels free a small page of zeroes by themselves.
    huge.leave();
    splitAll();
    states.evicted(7);
    assertEquals((long) PAGES * PAGE, resident());

    assertTrue(isKept);
    huge.recheck(7);

    assertEquals((long) (PAGES - 1) * PAGE, resident());
    assertEquals(PageStates.EVICTED, PageStates.state(states.word(7)));
  }

  @Test
  void shouldNotGrowBeyondWhatFits() throws IOException {
    long last = FRAMES - frames.target() - 512L;
    huge.beforeFault(last);
    assertTrue(huge.hugeBytes() > last * PAGE);
    huge.beforeFault(last + 1024);
    assertEquals(0, huge.hugeBytes());
    assertTrue(huge.isSplitting());
    splitAll();
    assertEquals(0, inHugePages());
  }

  private int splitAll() {
    int count = 0;
    for (int done = huge.split(); done > 0; done = huge.split()) {
      count += done;
    }
    return count;
  }

  private long inHugePages() throws IOException {
    return RegionMemory.inHugePages(region.address(0), region.address(PAGE_COUNT - 1));
  }

  private long resident() throws IOException {
    return RegionMemory.resident(region.address(0), region.address(PAGE_COUNT - 1));
  }
}
