// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.bufferpool.internal.PageMemory;
import dev.basalt.iostack.IoStack;
import dev.basalt.iostack.IoStackConfig;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.sim.SimulatedDevice;
import dev.basalt.iostack.sim.SimulatedGeometry;
import dev.basalt.iostack.sim.SimulationPlan;
import dev.basalt.iostack.sim.SimulationPlan.Latencies;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

/** A pool of the smallest size over a simulated, watched device. Pages carry stamps. */
final class PoolFixture implements AutoCloseable {
  static final int PAGE = 4096;
  static final int PAGE_COUNT = 1024;
  static final int BLOCKS_PER_PAGE = 8;

  private static final int STAMP_WORDS = (PAGE - PageHeader.LENGTH_BYTES) / Long.BYTES;
  private static final long MIX = 0x9E3779B97F4A7C15L;

  final SimulatedDevice simulated;
  final WatchedDevice device;
  final IoStack io;
  final BufferPool pool;
  final RecordingGate gate;
  private final Execution execution;

  PoolFixture(SimulationPlan plan, RecordingGate gate, Execution execution) {
    this.gate = gate;
    this.execution = execution;
    simulated =
        new SimulatedDevice(
            SimulatedGeometry.of((long) PAGE * PAGE_COUNT), fast(plan, execution), execution);
    device = new WatchedDevice(simulated, gate, PAGE);
    try {
      io = IoStack.start(device, new IoStackConfig(1, 32, 64), execution);
      pool = BufferPool.open(config(), io, gate, execution);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static PoolFixture threads(SimulationPlan plan, RecordingGate gate) {
    return new PoolFixture(plan, gate, Execution.threads());
  }

  static PoolFixture threads() {
    return threads(SimulationPlan.of(1), RecordingGate.open());
  }

  /** Opens another pool over the same device, which the caller closes. */
  BufferPool reopen() throws IOException {
    return BufferPool.open(config(), io, gate, execution);
  }

  /** The same, as another owner of the device would. */
  BufferPool reopen(int pageTag) throws IOException {
    return BufferPool.open(config(pageTag), io, gate, execution);
  }

  private static BufferPoolConfig config() {
    return config(WatchedDevice.PAGE_TAG);
  }

  private static BufferPoolConfig config(int pageTag) {
    long poolBytes = (long) BufferPoolConfig.POOL_PAGES_MIN * PAGE;
    return new BufferPoolConfig(PAGE, 0, PAGE_COUNT, poolBytes, pageTag);
  }

  private static SimulationPlan fast(SimulationPlan plan, Execution execution) {
    return execution.equals(Execution.threads())
        ? plan.withLatencies(new Latencies(1_000, 1_000, 1_000, 0))
        : plan;
  }

  int frameCount() {
    return pool.statistics().frameCount();
  }

  /** Creates a page with a stamp. */
  void create(long pageId, long stamp) throws IOException {
    pool.create(pageId);
    write(pageId, stamp);
    pool.unlatchExclusive(pageId, true);
  }

  void update(long pageId, long stamp) throws IOException {
    pool.latchExclusive(pageId);
    write(pageId, stamp);
    pool.unlatchExclusive(pageId, true);
  }

  /** Fills the payload of a page that is latched exclusively. */
  void write(long pageId, long stamp) {
    long address = pool.address(pageId) + PageHeader.LENGTH_BYTES;
    for (int i = 0; i < STAMP_WORDS; i++) {
      PageMemory.putLong(address + 8L * i, word(pageId, stamp, i));
    }
  }

  /** Reads the stamp under a shared latch and checks that the whole page belongs to it. */
  long read(long pageId) throws IOException {
    pool.latchShared(pageId);
    try {
      return checked(pageId);
    } finally {
      pool.unlatchShared(pageId);
    }
  }

  /** Returns the stamp of a page that stands still. */
  long checked(long pageId) {
    long address = pool.address(pageId) + PageHeader.LENGTH_BYTES;
    long stamp = stampIn(pageId);
    for (int i = 0; i < STAMP_WORDS; i++) {
      assertEquals(word(pageId, stamp, i), PageMemory.getLong(address + 8L * i));
    }
    assertEquals(pageId, PageHeader.pageId(pool.address(pageId)));
    return stamp;
  }

  /** Reads the stamp optimistically. */
  long readOptimistically(long pageId) throws IOException {
    return read(pageId, pool::optimistic);
  }

  /** Reads the stamp as one who reads many pages once. */
  long pass(long pageId) throws IOException {
    long stamp = read(pageId, pool.passing()::optimistic);
    pool.passing().passed(pageId);
    return stamp;
  }

  /** Something that is read of a page: a token to begin with, or its stamp. */
  interface Reading {
    long of(long pageId) throws IOException;
  }

  private long read(long pageId, Reading beginning) throws IOException {
    while (true) {
      long token = beginning.of(pageId);
      long stamp = stampIn(pageId);
      long address = pool.address(pageId) + PageHeader.LENGTH_BYTES;
      boolean whole = true;
      for (int i = 0; i < STAMP_WORDS; i += 37) {
        whole &= PageMemory.getLong(address + 8L * i) == word(pageId, stamp, i);
      }
      whole &= PageHeader.pageId(pool.address(pageId)) == pageId;
      if (pool.validate(pageId, token)) {
        assertTrue(whole, "validated, and yet not whole");
        return stamp;
      }
    }
  }

  private long stampIn(long pageId) {
    return PageMemory.getLong(pool.address(pageId) + PageHeader.LENGTH_BYTES) ^ pageId * MIX;
  }

  private static long word(long pageId, long stamp, int index) {
    return stamp + (long) index * 3 ^ pageId * MIX;
  }

  /** Reads so many other pages that all those below {@code count} are evicted. */
  void evictBelow(int count) throws IOException {
    for (int round = 0; round < 3; round++) {
      for (int i = count; i < PAGE_COUNT; i++) {
        read(i);
      }
    }
  }

  /** Creates all pages, each with its id as the stamp, and writes them. */
  void fill() throws IOException {
    for (int i = 0; i < PAGE_COUNT; i++) {
      create(i, i);
    }
    pool.writeBackAll();
  }

  void assertNoViolation() {
    assertEquals(List.of(), List.copyOf(device.violations));
  }

  @Override
  public void close() {
    pool.close();
    io.close();
    device.close();
  }
}
