// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.Capabilities;
import dev.basalt.iostack.CompletionSink;
import dev.basalt.iostack.FlushLedger;
import dev.basalt.iostack.IoStack;
import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.IoVector;
import dev.basalt.iostack.QueuePair;
import dev.basalt.iostack.agent.Agent;
import dev.basalt.iostack.agent.Execution;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Moves the log from memory to the device: whole blocks, several writes in flight, then a flush
 * where the device has a volatile write cache.
 *
 * <p>Whole blocks are written from the log buffer itself. A last block that is not full yet is
 * written from a copy, padded with zeroes, because appenders go on filling the original while the
 * device reads; when it is written again, what was in it before is the same. A block is never in
 * two writes at a time: after a padded block, the next write waits for it. So commits that arrive
 * meanwhile form the next group.
 *
 * <p>When to write: all of it when somebody wants a record durable, when the interval is over, or
 * when half of the buffer waits; else only full blocks, when there are many.
 *
 * <p><b>Concurrency.</b> All fields belong to the agent's thread. The buffer's appended LSN and
 * {@link LogProgress} are how it meets others. The padded block's memory is garbage collected: the
 * agent's thread holds this object until the queue pair is closed.
 */
final class LogWriter implements Agent, CompletionSink {
  private static final long FLUSH_TAG = -1;
  private static final long EAGER_BYTES_MAX = 256 << 10;
  private static final long NO_DEADLINE = Long.MAX_VALUE;

  private final Execution execution;
  private final LogRegion region;
  private final LogBuffer buffer;
  private final LogProgress progress;
  private final FlushLedger flushes;
  private final LogWriterCounters counters = new LogWriterCounters();
  private final QueuePair queuePair;
  private final boolean isFlushNeeded;
  private final long transferBytesMax;
  private final long intervalNanos;
  private final MemorySegment tailMemory;
  private final long tailBlock;
  private final IoVector vector = new IoVector(2);

  /** The writes in flight, a ring by tag, oldest at head. */
  private final long[] boundaries;

  private final long[] starts;
  private final boolean[] isDone;
  private final boolean[] hasTail;
  private long head;
  private long tail;

  /** The end of the log when it was last looked at, a record boundary. */
  private long appendedLsn;

  /** Bytes before it are in writes that were queued. */
  private long submittedLsn;

  /** The last record boundary before {@link #submittedLsn}. */
  private long submittedBoundary;

  /** Records before it are in writes that have completed, as all before them. */
  private long completedBoundary;

  /** As completed, and flushed where needed; published after the next writes are queued. */
  private long durableLsn;

  private boolean isTailInFlight;

  /** Until the flush counts: it has ended, and so have all that began before. */
  private boolean isFlushInFlight;

  private boolean isFlushEnded;
  private long flushTicket;
  private long flushMark;
  private long flushBoundary;
  private long wantedLsn;
  private long deadline = NO_DEADLINE;

  LogWriter(
      IoStack io,
      LogRegion region,
      LogBuffer buffer,
      LogProgress progress,
      WalConfig config,
      Execution execution)
      throws IOException {
    BlockDevice device = io.device();
    Capabilities capabilities = device.capabilities();
    flushes = io.flushes();
    this.execution = execution;
    this.region = region;
    this.buffer = buffer;
    this.progress = progress;
    isFlushNeeded = capabilities.volatileWriteCache();
    transferBytesMax = capabilities.transferBytesMax();
    intervalNanos = config.intervalNanos();
    int depth = Math.min(config.queueDepth(), capabilities.queueDepthMax());
    int slots = Integer.highestOneBit(depth);
    boundaries = new long[slots];
    starts = new long[slots];
    isDone = new boolean[slots];
    hasTail = new boolean[slots];
    tailMemory = Arena.ofAuto().allocate(region.blockBytes(), LogRegion.ALIGNMENT_BYTES);
    tailBlock = tailMemory.address();
    long end = buffer.appendedLsn();
    appendedLsn = end;
    submittedLsn = end;
    submittedBoundary = end;
    completedBoundary = end;
    durableLsn = end;
    wantedLsn = end;
    queuePair = device.openQueuePair(depth);
  }

  /** Bytes after which an appender wakes the writer although nobody waits. */
  static long eagerBytes(LogBuffer buffer) {
    return Math.min(EAGER_BYTES_MAX, buffer.sizeBytes() / 4);
  }

  LogWriterCounters counters() {
    return counters;
  }

  @Override
  public int doWork() {
    try {
      int work = queuePair.poll(this, queuePair.depth());
      if (flushes.hasFailed() && !progress.hasFailed()) {
        progress.fail(
            "log is given up, because a flush of the device has failed: "
                + IoStatus.describe(flushes.failedStatus()),
            null);
      }
      if (!progress.hasFailed()) {
        work += settle() + write() + flush();
        queuePair.submit();
        work += publish();
      }
      return work;
    } catch (RuntimeException | Error e) { // Whatever ends the writer must reach who waits for it.
      progress.fail("log writer has failed: " + e, e);
      throw e;
    }
  }

  @Override
  public boolean hasWork() {
    if (progress.hasFailed()) {
      return false;
    }
    return targetLsn() > submittedLsn && canWrite()
        || mustFlush()
        || canSettle()
        || flushes.hasFailed();
  }

  @Override
  public void sleep(Execution seam, long nanos) {
    long left = deadline == NO_DEADLINE ? nanos : deadline - execution.nanoTime();
    try {
      queuePair.sleep(Math.max(1, Math.min(nanos, left)));
    } catch (RuntimeException | Error e) { // As in doWork.
      progress.fail("log writer has failed: " + e, e);
      throw e;
    }
  }

  @Override
  public void wake(Execution seam, Thread thread) {
    queuePair.wake();
  }

  @Override
  public void onClose() {
    try {
      queuePair.close(); // first: until then the buffer belongs to the device
    } finally {
      progress.fail("log is closed", null);
      if (isFlushInFlight && !isFlushEnded) {
        flushes.end(flushTicket, IoStatus.ABORTED); // how it ended was not heard
      }
    }
  }

  @Override
  public void onCompletion(long tag, int status) {
    if (tag == FLUSH_TAG) {
      isFlushEnded = true;
      flushes.end(flushTicket, status);
      flushMark = flushes.mark();
    }
    if (status != IoStatus.SUCCESS) {
      String command = tag == FLUSH_TAG ? "flush" : "write at LSN " + starts[slot(tag)];
      progress.fail("log " + command + " failed: " + IoStatus.describe(status), null);
    } else if (tag != FLUSH_TAG) {
      isDone[slot(tag)] = true;
      retire();
    }
  }

  /** Takes the oldest writes off the ring as far as they are done. */
  private void retire() {
    while (head < tail && isDone[slot(head)]) {
      int slot = slot(head++);
      completedBoundary = Math.max(completedBoundary, boundaries[slot]);
      isTailInFlight &= !hasTail[slot];
    }
    if (!isFlushNeeded) {
      durableLsn = completedBoundary;
    }
  }

  private int write() {
    long target = targetLsn();
    int count = 0;
    while (submittedLsn < target && canWrite() && tryWrite(target)) {
      count++;
    }
    return count;
  }

  private boolean canWrite() {
    return !isTailInFlight
        && tail - head < boundaries.length
        && queuePair.inFlight() < queuePair.depth();
  }

  /** Up to where to write now. */
  private long targetLsn() {
    appendedLsn = buffer.appendedLsn();
    if (wantedLsn(appendedLsn) > submittedBoundary) {
      return appendedLsn;
    }
    long fullBlocks = region.alignDown(appendedLsn);
    return fullBlocks - submittedLsn >= eagerBytes(buffer) ? fullBlocks : submittedLsn;
  }

  /** Up to where the log is to become durable now. */
  private long wantedLsn(long appended) {
    wantedLsn = Math.max(wantedLsn, Math.min(progress.wantedLsn(), appended));
    if (appended - durableLsn >= buffer.sizeBytes() / 2) {
      wantedLsn = appended;
    }
    if (wantedLsn > durableLsn || appended == durableLsn) {
      deadline = NO_DEADLINE;
    } else if (deadline == NO_DEADLINE) {
      deadline = execution.nanoTime() + intervalNanos;
    } else if (execution.nanoTime() - deadline >= 0) {
      deadline = NO_DEADLINE;
      wantedLsn = appended;
    }
    return wantedLsn;
  }

  /** Queues one write, as large as device, ring and buffer allow. */
  private boolean tryWrite(long target) {
    long start = region.alignDown(submittedLsn);
    long limit =
        Math.min(
            start + transferBytesMax,
            Math.min(start + region.bytesToWrap(start), start + buffer.bytesToWrap(start)));
    long end = Math.min(target, limit);
    boolean padded = region.alignDown(end) != end;
    vector.clear();
    addPieces(start, end, padded);
    if (!queuePair.tryWriteVectored(region.lba(start), vector, tail)) {
      return false;
    }
    int slot = slot(tail++);
    boundaries[slot] = end == appendedLsn ? end : 0;
    starts[slot] = start;
    isDone[slot] = false;
    hasTail[slot] = padded;
    isTailInFlight = padded;
    submittedLsn = end;
    submittedBoundary = Math.max(submittedBoundary, boundaries[slot]);
    counters.write(region.alignUp(end) - start);
    return true;
  }

  private void addPieces(long start, long end, boolean padded) {
    long full = region.alignDown(end);
    if (full > start) {
      vector.tryAdd(buffer.address(start), (int) (full - start));
    }
    if (padded) {
      WalMemory.copy(buffer.address(full), tailBlock, end - full);
      WalMemory.zero(tailBlock + end - full, region.blockBytes() - (end - full));
      vector.tryAdd(tailBlock, region.blockBytes());
    }
  }

  private int flush() {
    if (!mustFlush() || !queuePair.tryFlush(FLUSH_TAG)) {
      return 0;
    }
    flushTicket = flushes.begin();
    isFlushInFlight = true;
    isFlushEnded = false;
    flushBoundary = completedBoundary;
    counters.flush();
    return 1;
  }

  private boolean canSettle() {
    return isFlushInFlight
        && isFlushEnded
        && flushes.isSettled(flushMark)
        && !flushes.hasFailed(); // after the flushes that began before have ended
  }

  /** Believes a flush once no other can have failed before it ended. */
  private int settle() {
    if (!canSettle()) {
      return 0;
    }
    isFlushInFlight = false;
    durableLsn = flushBoundary;
    return 1;
  }

  private boolean mustFlush() {
    return isFlushNeeded
        && !isFlushInFlight
        && completedBoundary > durableLsn
        && wantedLsn > durableLsn
        && queuePair.inFlight() < queuePair.depth();
  }

  private int publish() {
    if (durableLsn == progress.durableLsn() || progress.hasFailed()) {
      return 0;
    }
    counters.group(durableLsn - progress.durableLsn());
    progress.advance(durableLsn);
    return 1;
  }

  private int slot(long tag) {
    return (int) tag & boundaries.length - 1;
  }
}
