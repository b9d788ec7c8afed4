// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool;

import dev.basalt.bufferpool.internal.PageVerifier;
import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.Capabilities;
import dev.basalt.iostack.CompletionSink;
import dev.basalt.iostack.IoVector;
import dev.basalt.iostack.QueuePair;
import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A device that watches what a pool does with it. It notes a violation when a page is read or
 * written while another command on it is in flight, when a written page's checksum or id is wrong,
 * and when its LSN is ahead of the log.
 */
final class WatchedDevice implements BlockDevice {
  static final int PAGE_TAG = 0x7a67;

  final ConcurrentLinkedQueue<String> violations = new ConcurrentLinkedQueue<>();
  final AtomicLong pagesRead = new AtomicLong();
  final AtomicLong pagesWritten = new AtomicLong();
  final AtomicLong writeCommands = new AtomicLong();

  private final BlockDevice device;
  private final LogGate gate;
  private final int pageBytes;
  private final int blocksPerPage;
  private final Set<Long> pagesInFlight = new HashSet<>();

  WatchedDevice(BlockDevice device, LogGate gate, int pageBytes) {
    this.device = device;
    this.gate = gate;
    this.pageBytes = pageBytes;
    blocksPerPage = pageBytes / device.capabilities().blockBytes();
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

  private synchronized void begin(long firstPage, long pageCount, String what) {
    for (long page = firstPage; page < firstPage + pageCount; page++) {
      if (!pagesInFlight.add(page)) {
        violations.add(what + " of page " + page + " while another command is in flight");
      }
    }
  }

  private synchronized void end(long firstPage, long pageCount) {
    for (long page = firstPage; page < firstPage + pageCount; page++) {
      pagesInFlight.remove(page);
    }
  }

  private void checkWritten(long pageId, long address) {
    try {
      new PageVerifier(pageBytes, PAGE_TAG).verify(pageId, address, Long.MAX_VALUE);
    } catch (DamagedPageException e) {
      violations.add("written: " + e.getMessage());
    }
    if (PageHeader.lsn(address) >= gate.durableLsn()) {
      violations.add("page " + pageId + " written ahead of the log");
    }
  }

  private final class Watched implements QueuePair {
    private final QueuePair queuePair;
    private final Map<Long, long[]> ranges = new HashMap<>();

    Watched(QueuePair queuePair) {
      this.queuePair = queuePair;
    }

    private boolean queued(boolean queued, long lba, long lbaCount, long tag, String what) {
      if (queued) {
        long[] range = {lba / blocksPerPage, lbaCount / blocksPerPage};
        begin(range[0], range[1], what);
        ranges.put(tag, range);
      }
      return queued;
    }

    @Override
    public boolean tryRead(long lba, int lbaCount, long address, long tag) {
      boolean queued = queuePair.tryRead(lba, lbaCount, address, tag);
      if (queued) {
        pagesRead.addAndGet(lbaCount / blocksPerPage);
      }
      return queued(queued, lba, lbaCount, tag, "read");
    }

    @Override
    public boolean tryWrite(long lba, int lbaCount, long address, long tag) {
      boolean queued = queuePair.tryWrite(lba, lbaCount, address, tag);
      if (queued) {
        writeCommands.incrementAndGet();
        for (int i = 0; i < lbaCount / blocksPerPage; i++) {
          checkWritten(lba / blocksPerPage + i, address + (long) i * pageBytes);
          pagesWritten.incrementAndGet();
        }
      }
      return queued(queued, lba, lbaCount, tag, "write");
    }

    @Override
    public boolean tryReadVectored(long lba, IoVector vector, long tag) {
      boolean queued = queuePair.tryReadVectored(lba, vector, tag);
      long lbaCount = vector.totalBytes() / pageBytes * blocksPerPage;
      if (queued) {
        pagesRead.addAndGet(lbaCount / blocksPerPage);
      }
      return queued(queued, lba, lbaCount, tag, "vectored read");
    }

    @Override
    public boolean tryWriteVectored(long lba, IoVector vector, long tag) {
      boolean queued = queuePair.tryWriteVectored(lba, vector, tag);
      if (queued) {
        writeCommands.incrementAndGet();
        long pageId = lba / blocksPerPage;
        for (int i = 0; i < vector.count(); i++) {
          for (int at = 0; at < vector.lengthBytes(i); at += pageBytes) {
            checkWritten(pageId++, vector.address(i) + at);
            pagesWritten.incrementAndGet();
          }
        }
      }
      long lbaCount = vector.totalBytes() / pageBytes * blocksPerPage;
      return queued(queued, lba, lbaCount, tag, "vectored write");
    }

    @Override
    public int poll(CompletionSink sink, int max) {
      return queuePair.poll(
          (tag, status) -> {
            long[] range = Objects.requireNonNull(ranges.remove(tag));
            end(range[0], range[1]);
            sink.onCompletion(tag, status);
          },
          max);
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
    public boolean tryFlush(long tag) {
      throw new UnsupportedOperationException();
    }

    @Override
    public boolean tryDeallocate(long lba, long lbaCount, long tag) {
      throw new UnsupportedOperationException();
    }

    @Override
    public boolean tryWriteZeroes(long lba, long lbaCount, long tag) {
      throw new UnsupportedOperationException();
    }

    @Override
    public boolean tryCancel(long tag) {
      return queuePair.tryCancel(tag);
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
