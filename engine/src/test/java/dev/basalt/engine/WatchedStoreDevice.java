// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import static dev.basalt.engine.SimulationCheck.require;

import dev.basalt.bufferpool.PageHeader;
import dev.basalt.engine.SimulationCoverage.Event;
import dev.basalt.engine.SimulationLife.Phase;
import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.Capabilities;
import dev.basalt.iostack.CompletionSink;
import dev.basalt.iostack.IoVector;
import dev.basalt.iostack.QueuePair;
import dev.basalt.iostack.sim.SimulatedDevice;
import java.io.IOException;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Stands between a store and its simulated device. Each page that is written must carry its own id,
 * and an LSN through which the log is durable on the device; no queue pair has more commands in
 * flight than its depth. Counts what passes.
 *
 * <p>Used by the holder of the baton.
 */
final class WatchedStoreDevice implements BlockDevice {
  private static final int OVERFLOW = 4;

  private final BlockDevice device;
  private final SimulationLife life;
  private final DurableLog log;
  private final Map<Long, Integer> pageTypes;
  private final Set<Long> written = new HashSet<>();
  private final long firstLba;
  private final int pageBytes = SimulationShape.PAGE_BYTES;
  private final int blocksPerPage;

  /**
   * Creates the watch over a device.
   *
   * @param pageTypes the types of the pages that were written, over all lives
   */
  WatchedStoreDevice(SimulatedDevice device, SimulationLife life, Map<Long, Integer> pageTypes) {
    this.device = device;
    this.life = life;
    this.pageTypes = pageTypes;
    log = new DurableLog(device, EngineSimulation.STORE_ID);
    int blockBytes = device.capabilities().blockBytes();
    firstLba = life.shape.pageAreaBytes() / blockBytes;
    blocksPerPage = pageBytes / blockBytes;
  }

  @Override
  public Capabilities capabilities() {
    return device.capabilities();
  }

  @Override
  public long blockCount() {
    return device.blockCount();
  }

  @Override
  public void grow(long blockCountMin) throws IOException {
    device.grow(blockCountMin);
  }

  @Override
  public QueuePair openQueuePair(int depth) throws IOException {
    return new Watched(device.openQueuePair(depth));
  }

  @Override
  public void close() {
    device.close();
  }

  private void pageWritten(long pageId, long address) {
    long lsn = PageHeader.lsn(address);
    require(PageHeader.pageId(address) == pageId, "page " + pageId + " is written with another id");
    require(
        log.covers(lsn),
        "page "
            + pageId
            + " with LSN "
            + lsn
            + " is written, but the log is durable up to "
            + log.endLsn());
    written.add(pageId);
    count(pageId, PageHeader.type(address));
  }

  private void count(long pageId, int type) {
    SimulationCoverage coverage = life.coverage;
    Integer before = pageTypes.put(pageId, type);
    if (type == OVERFLOW) {
      coverage.add(Event.OVERFLOW_PAGES, 1);
    }
    if (before != null && (before == OVERFLOW) != (type == OVERFLOW)) {
      coverage.add(Event.PAGE_REUSES, 1);
    }
    switch (Thread.currentThread().getName()) {
      case "page-provider" -> coverage.add(Event.DIRTY_EVICTIONS, 1);
      case "page-writer" -> {
        if (life.phase == Phase.OPENING) {
          life.pagesWrittenByCheckpoints++;
        }
      }
      default -> throw new AssertionError("a page is written by " + Thread.currentThread());
    }
  }

  private void pageRead(long pageId) {
    if (written.contains(pageId)) {
      life.coverage.add(Event.PAGES_READ_AGAIN, 1);
    }
  }

  /** A queue pair that is watched. */
  private final class Watched implements QueuePair {
    private final QueuePair queuePair;

    Watched(QueuePair queuePair) {
      this.queuePair = queuePair;
    }

    private boolean queued(boolean isQueued) {
      require(queuePair.inFlight() <= queuePair.depth(), "more commands than the depth");
      return isQueued;
    }

    private void written(long lba, int lengthBytes, long address) {
      for (int at = 0; lba >= firstLba && at < lengthBytes; at += pageBytes) {
        pageWritten((lba - firstLba) / blocksPerPage + at / pageBytes, address + at);
      }
    }

    @Override
    public boolean tryRead(long lba, int lbaCount, long address, long tag) {
      boolean isQueued = queued(queuePair.tryRead(lba, lbaCount, address, tag));
      if (isQueued && lba >= firstLba) {
        pageRead((lba - firstLba) / blocksPerPage);
      }
      return isQueued;
    }

    @Override
    public boolean tryWrite(long lba, int lbaCount, long address, long tag) {
      boolean isQueued = queued(queuePair.tryWrite(lba, lbaCount, address, tag));
      if (isQueued) {
        written(lba, lbaCount * (pageBytes / blocksPerPage), address);
      }
      return isQueued;
    }

    @Override
    public boolean tryReadVectored(long lba, IoVector vector, long tag) {
      return queued(queuePair.tryReadVectored(lba, vector, tag));
    }

    @Override
    public boolean tryWriteVectored(long lba, IoVector vector, long tag) {
      boolean isQueued = queued(queuePair.tryWriteVectored(lba, vector, tag));
      long at = lba;
      for (int i = 0; isQueued && i < vector.count(); i++) {
        written(at, vector.lengthBytes(i), vector.address(i));
        at += (long) vector.lengthBytes(i) / pageBytes * blocksPerPage;
      }
      return isQueued;
    }

    @Override
    public boolean tryFlush(long tag) {
      return queued(queuePair.tryFlush(tag));
    }

    @Override
    public boolean tryDeallocate(long lba, long lbaCount, long tag) {
      return queued(queuePair.tryDeallocate(lba, lbaCount, tag));
    }

    @Override
    public boolean tryWriteZeroes(long lba, long lbaCount, long tag) {
      return queued(queuePair.tryWriteZeroes(lba, lbaCount, tag));
    }

    @Override
    public boolean tryCancel(long tag) {
      return queuePair.tryCancel(tag);
    }

    @Override
    public int poll(CompletionSink sink, int max) {
      return queuePair.poll(sink, max);
    }

    @Override
    public int depth() {
      return queuePair.depth();
    }

    @Override
    public int inFlight() {
      return queuePair.inFlight();
    }

    @Override
    public void submit() {
      queuePair.submit();
    }

    @Override
    public void sleep(long nanos) {
      queuePair.sleep(nanos);
    }

    @Override
    public void wake() {
      queuePair.wake();
    }

    @Override
    public void close() {
      queuePair.close();
    }
  }
}
