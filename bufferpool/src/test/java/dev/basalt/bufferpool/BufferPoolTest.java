// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.bufferpool.internal.PageMemory;
import dev.basalt.iostack.sim.SimulationPlan;
import dev.basalt.iostack.sim.SimulationPlan.Errors;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class BufferPoolTest {
  private static final int PAGE_COUNT = PoolFixture.PAGE_COUNT;

  @Test
  void shouldReadBackPagesAfterEviction() throws IOException {
    try (PoolFixture fixture = PoolFixture.threads()) {
      fixture.fill();
      for (int i = 0; i < PAGE_COUNT; i++) {
        assertEquals(i, fixture.read(i));
      }
      BufferPoolStatistics statistics = fixture.pool.statistics();
      assertTrue(statistics.pagesDropped() > 2L * PAGE_COUNT - 2L * statistics.frameCount());
      assertEquals(statistics.misses(), fixture.device.pagesRead.get());
      assertEquals(statistics.pagesWritten(), fixture.device.pagesWritten.get());
      assertTrue(statistics.residentCount() <= statistics.frameCount());
      fixture.assertNoViolation();
    }
  }

  @Test
  void shouldKeepChangesOfPagesEvictedDirty() throws IOException {
    try (PoolFixture fixture = PoolFixture.threads()) {
      fixture.fill();
      for (int i = 0; i < PAGE_COUNT; i++) {
        fixture.update(i, i + 1_000_000);
      }
      for (int i = 0; i < PAGE_COUNT; i++) {
        assertEquals(i + 1_000_000, fixture.readOptimistically(i));
      }
      fixture.assertNoViolation();
    }
  }

  @Test
  void shouldReadOnceForManyWhoMissTogether() throws Exception {
    try (PoolFixture fixture = PoolFixture.threads();
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      fixture.fill();
      fixture.evictBelow(1);
      long before = fixture.device.pagesRead.get();
      CountDownLatch start = new CountDownLatch(1);
      List<Future<Long>> stamps = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        boolean optimistic = i % 2 == 0;
        stamps.add(
            threads.submit(
                () -> {
                  start.await();
                  return optimistic ? fixture.readOptimistically(0) : fixture.read(0);
                }));
      }
      start.countDown();
      for (Future<Long> stamp : stamps) {
        assertEquals(0, stamp.get());
      }
      assertEquals(before + 1, fixture.device.pagesRead.get());
    }
  }

  @Test
  void shouldFailOptimisticReadAcrossChange() throws IOException {
    try (PoolFixture fixture = PoolFixture.threads()) {
      fixture.create(3, 1);
      long token = fixture.pool.optimistic(3);
      assertTrue(fixture.pool.validate(3, token));
      fixture.pool.latchExclusive(3);
      assertFalse(fixture.pool.validate(3, token));
      assertFalse(fixture.pool.tryUpgrade(3, token));
      fixture.pool.unlatchExclusive(3, false);
      assertFalse(fixture.pool.validate(3, token));
      assertFalse(fixture.pool.tryUpgrade(3, token));
    }
  }

  @Test
  void shouldNotMindReadersAcrossOptimisticRead() throws IOException {
    try (PoolFixture fixture = PoolFixture.threads()) {
      fixture.create(3, 1);
      long token = fixture.pool.optimistic(3);
      fixture.pool.latchShared(3);
      assertTrue(fixture.pool.validate(3, token));
      assertFalse(fixture.pool.tryUpgrade(3, token));
      fixture.pool.unlatchShared(3);
      assertTrue(fixture.pool.tryUpgrade(3, token));
      fixture.pool.unlatchExclusive(3, true);
      fixture.pool.writeBackAll();
      assertEquals(1, fixture.read(3));
    }
  }

  @Test
  void shouldFailOptimisticReadAcrossEviction() throws IOException {
    try (PoolFixture fixture = PoolFixture.threads()) {
      fixture.fill();
      fixture.read(0);
      long token = fixture.pool.optimistic(0);
      fixture.evictBelow(1);
      assertFalse(fixture.pool.validate(0, token));
      assertEquals(0, fixture.read(0));
      assertFalse(fixture.pool.validate(0, token));
    }
  }

  @Test
  void shouldFindFlippedBits() throws IOException {
    try (PoolFixture fixture = PoolFixture.threads()) {
      fixture.fill();
      for (int bit : new int[] {0, 31, 40, 64, 200, PoolFixture.PAGE * 8 - 1}) {
        fixture.evictBelow(1);
        fixture.simulated.flipBit(bit / 4096, bit % 4096);
        for (int attempt = 0; attempt < 2; attempt++) {
          DamagedPageException e =
              assertThrows(DamagedPageException.class, () -> fixture.pool.optimistic(0));
          assertEquals(0, e.pageId());
        }
        fixture.simulated.flipBit(bit / 4096, bit % 4096);
        assertEquals(0, fixture.read(0));
      }
    }
  }

  @Test
  void shouldFindPageOfAnotherPlace() throws IOException {
    try (PoolFixture fixture = PoolFixture.threads()) {
      fixture.fill();
      fixture.evictBelow(2);
      for (int block = 0; block < PoolFixture.BLOCKS_PER_PAGE; block++) {
        copyBlock(fixture, PoolFixture.BLOCKS_PER_PAGE + block, block);
      }
      DamagedPageException e =
          assertThrows(DamagedPageException.class, () -> fixture.pool.latchShared(0));
      assertEquals(1, e.found());
      assertEquals("page 0 is damaged: it carries the id of page 1", e.getMessage());
    }
  }

  @Test
  void shouldNotBelievePageOfAnotherOwnerOfTheDevice() throws IOException {
    try (PoolFixture fixture = PoolFixture.threads()) {
      fixture.fill();
      try (BufferPool other = fixture.reopen(WatchedDevice.PAGE_TAG + 1)) {
        assertThrows(DamagedPageException.class, () -> other.latchShared(0));
        assertThrows(DamagedPageException.class, () -> other.optimistic(5));
      }
    }
  }

  @Test
  void shouldReportPageThatTheLogHasNeverReached() throws IOException {
    RecordingGate gate = new RecordingGate(1_000, 0);
    try (PoolFixture fixture = PoolFixture.threads(SimulationPlan.of(1), gate)) {
      fixture.create(3, 3);
      fixture.pool.latchExclusive(3);
      PageHeader.lsn(fixture.pool.address(3), 900);
      fixture.pool.unlatchExclusive(3, true);
      fixture.pool.writeBackAll();
      gate.durable.set(900); // as if the log had lost its last record
      try (BufferPool other = fixture.reopen()) {
        DamagedPageException e =
            assertThrows(DamagedPageException.class, () -> other.latchShared(3));
        assertTrue(e.isAheadOfLog());
        assertEquals(900, e.found());
      }
    }
  }

  private static void copyBlock(PoolFixture fixture, long from, long to) {
    byte[] wanted = fixture.simulated.readBlock(from);
    byte[] present = fixture.simulated.readBlock(to);
    for (int bit = 0; bit < 8 * wanted.length; bit++) {
      if (((wanted[bit >>> 3] ^ present[bit >>> 3]) >>> (bit & 7) & 1) != 0) {
        fixture.simulated.flipBit(to, bit);
      }
    }
  }

  @Test
  void shouldEvictAgainWhenReadFails() throws IOException {
    SimulationPlan plan = SimulationPlan.of(1).withErrors(new Errors(0.5, 0, 0));
    try (PoolFixture fixture = PoolFixture.threads(plan, RecordingGate.open())) {
      fixture.fill();
      int failed = 0;
      for (int i = 0; i < 2 * PAGE_COUNT; i++) {
        try {
          assertEquals(i % PAGE_COUNT, fixture.readOptimistically(i % PAGE_COUNT));
        } catch (IOException e) {
          failed++;
        }
      }
      assertTrue(failed > PAGE_COUNT / 4);
      assertTrue(fixture.pool.statistics().residentCount() <= fixture.frameCount());
      fixture.assertNoViolation();
    }
  }

  @Test
  void shouldFailForGoodWhenWriteFails() throws IOException {
    SimulationPlan plan = SimulationPlan.of(1).withErrors(new Errors(0, 1, 0));
    try (PoolFixture fixture = PoolFixture.threads(plan, RecordingGate.open())) {
      fixture.create(1, 1);
      IOException first =
          assertThrows(BufferPoolFailedException.class, () -> fixture.pool.writeBackAll());
      IOException later =
          assertThrows(BufferPoolFailedException.class, () -> fixture.pool.create(2));
      assertEquals(first.getCause(), later.getCause());
      assertTrue(String.valueOf(first.getMessage()).contains("write of page 1"));
      assertThrows(BufferPoolFailedException.class, () -> fixture.pool.latchExclusive(1));
      assertThrows(BufferPoolFailedException.class, () -> fixture.pool.writeBackAll());
      assertThrows(BufferPoolFailedException.class, () -> fixture.pool.optimistic(5));
    }
  }

  @Test
  void shouldWakeThoseWaitingForFramesWhenWriteFails() {
    SimulationPlan plan = SimulationPlan.of(1).withErrors(new Errors(0, 1, 0));
    try (PoolFixture fixture = PoolFixture.threads(plan, RecordingGate.open())) {
      assertThrows(BufferPoolFailedException.class, fixture::fill);
    }
  }

  @Test
  void shouldNotWriteAheadOfLog() throws IOException {
    RecordingGate gate = new RecordingGate(100, 0);
    try (PoolFixture fixture = PoolFixture.threads(SimulationPlan.of(1), gate)) {
      int frames = fixture.frameCount();
      for (int i = 0; i < frames - 20; i++) {
        fixture.pool.create(i);
        fixture.write(i, i);
        PageHeader.lsn(fixture.pool.address(i), i == 0 ? 99 : 100);
        fixture.pool.unlatchExclusive(i, true);
      }
      fixture.pool.writeBack(new long[] {0}, 1);
      assertEquals(1, fixture.device.pagesWritten.get());
      Thread writer = Thread.ofVirtual().start(() -> writeBackAll(fixture));
      while (gate.requests.get() < 1000) {
        Thread.onSpinWait();
      }
      assertEquals(1, fixture.device.pagesWritten.get());
      assertTrue(writer.isAlive());
      gate.durable.set(101);
      writer.join();
      assertEquals(frames - 20, fixture.device.pagesWritten.get());
      fixture.assertNoViolation();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static void writeBackAll(PoolFixture fixture) {
    try {
      fixture.pool.writeBackAll();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void shouldAskForLogWhenAllFramesWaitForIt() throws IOException {
    RecordingGate gate = new RecordingGate(0, 50);
    try (PoolFixture fixture = PoolFixture.threads(SimulationPlan.of(1), gate)) {
      for (int i = 0; i < PAGE_COUNT; i++) {
        fixture.pool.create(i);
        fixture.write(i, i);
        PageHeader.lsn(fixture.pool.address(i), i);
        fixture.pool.unlatchExclusive(i, true);
      }
      assertTrue(gate.requests.get() > 0);
      gate.durable.set(Long.MAX_VALUE);
      for (int i = 0; i < PAGE_COUNT; i++) {
        assertEquals(i, fixture.read(i));
      }
      fixture.assertNoViolation();
    }
  }

  @Test
  void shouldMergeNeighboursIntoOneWrite() throws IOException {
    try (PoolFixture fixture = PoolFixture.threads()) {
      for (int i = 0; i < 64; i++) {
        fixture.create(63 - i, i);
      }
      fixture.pool.writeBackAll();
      assertEquals(64, fixture.device.pagesWritten.get());
      assertTrue(fixture.device.writeCommands.get() <= 16);
      assertTrue(fixture.pool.statistics().pagesPerWriteCommand() >= 4);
      fixture.pool.writeBackAll();
      assertEquals(64, fixture.device.pagesWritten.get());
      fixture.assertNoViolation();
    }
  }

  @Test
  void shouldReadAhead() throws IOException {
    try (PoolFixture fixture = PoolFixture.threads()) {
      fixture.fill();
      fixture.evictBelow(10);
      prefetch(fixture.pool, new long[] {3, 1, 2, 3, 9, 5}, 5);
      long before = fixture.device.pagesRead.get();
      for (long page : new long[] {1, 2, 3, 5, 9}) {
        assertEquals(page, fixture.read(page));
      }
      assertEquals(before, fixture.device.pagesRead.get());
      fixture.assertNoViolation();
    }
  }

  /** A reader that passes by takes its own pages' frames, not those of others. */
  @Test
  void shouldEvictPassedPagesFirst() throws IOException {
    try (PoolFixture fixture = PoolFixture.threads()) {
      fixture.fill();
      int used = fixture.frameCount() / 2;
      for (int round = 0; round < 2; round++) {
        for (int i = 0; i < used; i++) {
          fixture.readOptimistically(i);
        }
      }
      for (int i = used; i < PAGE_COUNT; i++) {
        assertEquals(i, fixture.pass(i));
      }
      long before = fixture.pool.statistics().misses();
      for (int i = 0; i < used; i++) {
        fixture.readOptimistically(i);
      }
      long misses = fixture.pool.statistics().misses() - before;
      assertTrue(misses <= used / 2, misses + " of " + used + " pages are gone");
      fixture.assertNoViolation();
    }
  }

  @Test
  void shouldEvictPagesThatLeaveLastWhenThereAreNoOthers() throws IOException {
    try (PoolFixture fixture = PoolFixture.threads()) {
      fixture.pool.evictLast(0); // the type of all pages here
      fixture.fill();
      for (int i = 0; i < PAGE_COUNT; i++) {
        assertEquals(i, fixture.read(i));
      }
      fixture.assertNoViolation();
    }
  }

  /** Who uses a page that was passed keeps it. */
  @Test
  void shouldKeepPassedPagesThatOthersUse() throws IOException {
    try (PoolFixture fixture = PoolFixture.threads()) {
      fixture.fill();
      fixture.evictBelow(8);
      for (int i = 0; i < 8; i++) {
        assertEquals(i, fixture.pass(i));
        fixture.readOptimistically(i);
      }
      for (int i = 100; i < 108; i++) {
        assertEquals(i, fixture.pass(i));
      }
      long before = fixture.pool.statistics().misses();
      for (int i = 0; i < 8; i++) {
        fixture.readOptimistically(i);
      }
      assertTrue(fixture.pool.statistics().misses() - before <= 4);
    }
  }

  @Test
  void shouldHaveReadsUnderWayOnReturn() throws IOException {
    try (PoolFixture fixture = PoolFixture.threads()) {
      fixture.fill();
      try (BufferPool next = fixture.reopen()) {
        next.beginReads(new long[0], 0);
        next.beginReads(new long[] {3, 4, 7, 30, 31}, 5);
        for (long pageId : new long[] {3, 4, 7, 30, 31}) {
          assertTrue(next.isResident(pageId));
          assertTrue(next.validate(pageId, next.optimistic(pageId)));
        }
        assertEquals(0, next.statistics().misses());
        assertThrows(
            IllegalArgumentException.class, () -> next.beginReads(new long[] {PAGE_COUNT}, 1));
      }
      fixture.assertNoViolation();
    }
  }

  @Test
  void shouldNotWaitForReadsOfFailedPool() {
    SimulationPlan plan = SimulationPlan.of(1).withErrors(new Errors(0, 1, 0));
    try (PoolFixture fixture = PoolFixture.threads(plan, RecordingGate.open())) {
      assertThrows(BufferPoolFailedException.class, fixture::fill);
      long[] all = LongStream.range(0, PAGE_COUNT).toArray();
      assertThrows(BufferPoolFailedException.class, () -> fixture.pool.beginReads(all, all.length));
    }
  }

  /** Nothing is evicted for pages that nobody waits for. */
  @Test
  void shouldWarmUpSpareFramesOnly() throws IOException {
    try (PoolFixture fixture = PoolFixture.threads()) {
      fixture.fill();
      try (BufferPool next = fixture.reopen()) {
        long[] ids = LongStream.range(-1, PAGE_COUNT + 1).toArray();
        int taken = next.warmUp().request(ids, 0, ids.length);
        assertEquals(ids.length, taken);
        int frames = next.statistics().frameCount();
        int reserve = Math.max(8, frames / 16);
        while (next.warmUp().hasSpareFrames()) {
          Thread.onSpinWait();
        }
        next.optimistic(PAGE_COUNT - 1); // by itself
        assertTrue(next.statistics().residentCount() <= frames - reserve + 1);
        assertEquals(0, next.statistics().pagesDropped());
        int resident =
            next.warmUp().residentPageIds(true, frames).length
                + next.warmUp().residentPageIds(false, frames).length;
        assertTrue(resident >= frames - reserve);
      }
    }
  }

  @Test
  void shouldForgetReadAheadOfDamagedPages() throws IOException {
    try (PoolFixture fixture = PoolFixture.threads()) {
      fixture.fill();
      fixture.evictBelow(10);
      fixture.simulated.flipBit(3 * 8 + 1, 5);
      prefetch(fixture.pool, new long[] {2, 3, 4}, 2);
      assertEquals(2, fixture.read(2));
      assertThrows(DamagedPageException.class, () -> fixture.read(3));
      assertEquals(4, fixture.read(4));
    }
  }

  @Test
  void shouldCreateZeroedPageOverAnyPast() throws IOException {
    try (PoolFixture fixture = PoolFixture.threads()) {
      fixture.create(7, 42);
      fixture.pool.create(7);
      assertZeroed(fixture, 7);
      fixture.pool.discard(7);
      fixture.pool.create(7);
      assertZeroed(fixture, 7);
      fixture.write(7, 43);
      fixture.pool.unlatchExclusive(7, true);
      assertEquals(43, fixture.read(7));
      assertEquals(0, fixture.device.pagesRead.get());
    }
  }

  private static void assertZeroed(PoolFixture fixture, long pageId) {
    long address = fixture.pool.address(pageId);
    assertEquals(pageId, PageHeader.pageId(address));
    for (int offset = 0; offset < PoolFixture.PAGE; offset += 8) {
      long expected = offset == PageHeader.PAGE_ID_OFFSET ? pageId : 0;
      assertEquals(expected, PageMemory.getLong(address + offset));
    }
  }

  @Test
  void shouldNotWriteDiscardedPage() throws IOException {
    try (PoolFixture fixture = PoolFixture.threads()) {
      fixture.create(7, 42);
      int resident = fixture.pool.statistics().residentCount();
      fixture.pool.latchExclusive(7);
      fixture.pool.discard(7);
      assertEquals(resident - 1, fixture.pool.statistics().residentCount());
      fixture.pool.writeBackAll();
      assertEquals(0, fixture.device.pagesWritten.get());
    }
  }

  @Test
  void shouldRejectPagesOutOfRangeAndUseAfterClose() throws IOException {
    PoolFixture fixture = PoolFixture.threads();
    assertThrows(IllegalArgumentException.class, () -> fixture.pool.optimistic(-1));
    assertThrows(IllegalArgumentException.class, () -> fixture.pool.latchShared(PAGE_COUNT));
    fixture.create(0, 1);
    fixture.close();
    fixture.close();
    assertThrows(IllegalStateException.class, () -> fixture.pool.optimistic(0));
    assertThrows(IllegalStateException.class, () -> fixture.pool.latchExclusive(0));
    assertThrows(IllegalStateException.class, () -> fixture.pool.create(0));
    assertThrows(IllegalStateException.class, () -> fixture.pool.writeBackAll());
    assertThrows(IllegalStateException.class, () -> fixture.pool.statistics());
  }

  @Test
  void shouldMakeProgressWhenMostPagesAreLatched() throws IOException {
    try (PoolFixture fixture = PoolFixture.threads()) {
      fixture.fill();
      int latched = fixture.frameCount() - 4;
      for (int i = 0; i < latched; i++) {
        fixture.pool.latchShared(i);
      }
      for (int i = latched; i < PAGE_COUNT; i++) {
        assertEquals(i, fixture.read(i));
      }
      for (int i = 0; i < latched; i++) {
        assertEquals(i, fixture.checked(i));
        fixture.pool.unlatchShared(i);
      }
      fixture.assertNoViolation();
    }
  }

  @Test
  void shouldWriteChangesMadeWhileWriteIsInFlight() throws Exception {
    try (PoolFixture fixture = PoolFixture.threads();
        ExecutorService threads = Executors.newFixedThreadPool(1)) {
      fixture.create(0, 0);
      for (int i = 1; i <= 300; i++) {
        Future<?> writer = threads.submit(() -> writeBackAll(fixture));
        fixture.update(0, i);
        await(writer);
        fixture.update(0, i + 1000);
        fixture.pool.writeBackAll();
        byte[] stored = fixture.simulated.readBlock(0);
        assertEquals(i + 1000, stored[32] & 0xff | (stored[33] & 0xff) << 8);
      }
      fixture.assertNoViolation();
    }
  }

  private static void await(Future<?> future) throws InterruptedException {
    try {
      future.get();
    } catch (ExecutionException e) {
      throw new AssertionError(e);
    }
  }

  /** Asks again until it has happened: a page is skipped while frames are short. */
  private static void prefetch(BufferPool pool, long[] pageIds, int countWanted) {
    while (pool.statistics().pagesPrefetched() < countWanted) {
      pool.prefetch(pageIds, pageIds.length);
      Thread.onSpinWait();
    }
  }
}
