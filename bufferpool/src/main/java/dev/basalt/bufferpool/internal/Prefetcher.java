// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import dev.basalt.bufferpool.DamagedPageException;
import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.IoVector;
import dev.basalt.iostack.QueuePair;
import dev.basalt.iostack.agent.WaitCondition;

/**
 * Reads pages ahead with the page provider's queue pair: takes a batch of ids, latches those that
 * are evicted, reads neighbours with one command and publishes them as they come back. Callers who
 * want such a page meanwhile wait for its latch: still one read. Pages to warm the pool with are
 * read when no others are asked for, few at a time, and into frames that are spare only.
 *
 * <p>Best effort: a page is skipped when frames are short or it is in use; one that cannot be read
 * is evicted again, and who wants it finds out by reading it.
 *
 * <p><b>Concurrency.</b> {@link #tryRequest}, {@link #tryWarm} and {@link #awaitBegun} by any
 * thread; all else by the provider's thread. {@code begun} is written by that one before it wakes
 * waiters (volatile), who read it after they are in the lot.
 */
final class Prefetcher {
  private static final int QUEUE_CAPACITY = 1024;
  private static final int WARM_CAPACITY = 4096;
  private static final int BATCH_MAX = 64;

  /** Few, so that a read that is waited for does not wait for those that are not. */
  private static final int WARM_COMMANDS_MAX = 8;

  private static final int RUN_PAGES_MAX = 32;

  private final PoolParts parts;
  private final QueuePair queuePair;
  private final long tagBase;
  private final PageVerifier verifier;
  private final Requests asked = new Requests(QUEUE_CAPACITY);
  private final Requests warm = new Requests(WARM_CAPACITY);
  private final WaitCondition isToBegin;
  private final int runPagesMax;
  private final IoVector vector;
  private final int frameFloor;
  private final int batchPagesMax;

  private final long[] commandPageId;
  private final int[] commandPageCount;
  private final int[] freeCommands;
  private int freeCommandCount;

  /** How many of the ids asked for were looked at. */
  private volatile long begun;

  /** Page ids asked for: a queue, and a batch of them in order, which is read up to an index. */
  private static final class Requests {
    final PrefetchQueue queue;
    final PageIds batch = new PageIds(BATCH_MAX);
    int index;

    Requests(int capacity) {
      queue = new PrefetchQueue(capacity);
    }

    boolean isEmpty() {
      return isBatchDone() && queue.isEmpty();
    }

    boolean isBatchDone() {
      return index == batch.count();
    }

    /** Takes the next batch when the one before is done. */
    void fill() {
      if (!isBatchDone()) {
        return;
      }
      index = 0;
      batch.clear();
      long id = queue.poll();
      while (id != ResidentSet.NONE) {
        batch.add(id);
        id = batch.isFull() ? ResidentSet.NONE : queue.poll();
      }
      batch.sort();
    }
  }

  /** Takes the part of the tags from {@code tagBase} up for its commands. */
  Prefetcher(PoolParts parts, QueuePair queuePair, long tagBase) {
    this.parts = parts;
    this.queuePair = queuePair;
    this.tagBase = tagBase;
    int pageBytes = parts.region().pageBytes();
    verifier = new PageVerifier(pageBytes, parts.region().pageTag());
    int transferPages = parts.io().device().capabilities().transferBytesMax() / pageBytes;
    runPagesMax = Math.clamp(transferPages, 1, RUN_PAGES_MAX);
    vector = new IoVector(runPagesMax);
    frameFloor = parts.frames().target() / 4;
    int pagesAtOnce = Math.min(BATCH_MAX, Math.max(queuePair.depth(), runPagesMax));
    // Between the mark at which frames are freed, and the floor, are so many.
    batchPagesMax = Math.clamp(parts.frames().target() / 4, 2, Math.max(2, pagesAtOnce));
    isToBegin = ticket -> begun < ticket && !parts.failure().hasFailed();
    commandPageId = new long[queuePair.depth()];
    commandPageCount = new int[queuePair.depth()];
    freeCommands = new int[queuePair.depth()];
    for (int command = 0; command < queuePair.depth(); command++) {
      freeCommands[freeCommandCount++] = command;
    }
  }

  /** Returns how many pages are best asked for at once: what the device and the reserve take. */
  int batchPagesMax() {
    return batchPagesMax;
  }

  /** Asks for a page; false when too many are asked for already. */
  boolean tryRequest(long pageId) {
    return asked.queue.tryAdd(pageId);
  }

  /** Asks for a page to be read when there is nothing else to do; false when too many are. */
  boolean tryWarm(long pageId) {
    return warm.queue.tryAdd(pageId);
  }

  /** Waits until the pages asked for before the call are being read, or were passed over. */
  void awaitBegun() {
    parts.lot().awaitWhile(PoolParts.READS_KEY, isToBegin, asked.queue.added());
  }

  boolean hasWork() {
    return hasRoom() && (!asked.isEmpty() || mayWarm());
  }

  private boolean mayWarm() {
    return !warm.isEmpty() && commandsInFlight() < WARM_COMMANDS_MAX;
  }

  private int commandsInFlight() {
    return commandPageId.length - freeCommandCount;
  }

  /** Begins the reads of one batch; returns how many ids were looked at. */
  int doWork() {
    if (!hasWork()) {
      return 0;
    }
    if (asked.isEmpty()) {
      return read(warm, parts.frames().target(), WARM_COMMANDS_MAX);
    }
    int done = read(asked, frameFloor, queuePair.depth());
    if (asked.isBatchDone()) {
      begun = asked.queue.polled();
      parts.lot().wakeAll(PoolParts.READS_KEY);
    }
    return done;
  }

  private int read(Requests requests, int floor, int commandsMax) {
    requests.fill();
    int from = requests.index;
    while (!requests.isBatchDone() && hasRoom() && commandsInFlight() < commandsMax) {
      requests.index = readRun(requests.batch, requests.index, floor);
    }
    return requests.index - from;
  }

  private boolean hasRoom() {
    return freeCommandCount > 0 && queuePair.inFlight() < queuePair.depth();
  }

  /** Latches neighbours from an index on and reads them; returns the index behind them. */
  private int readRun(PageIds ids, int from, int floor) {
    int index = from;
    int count = 0;
    long first = ids.get(from);
    while (index < ids.count()
        && count < runPagesMax
        && ids.get(index) == first + count
        && tryLatch(first + count, floor)) {
      count++;
      index++;
    }
    if (count == 0) {
      return from + 1;
    }
    read(first, count);
    return index;
  }

  private void read(long first, int count) {
    int command = freeCommands[freeCommandCount - 1];
    parts.counters().pagesRead.add(count);
    if (tryRead(first, count, tagBase + command)) {
      freeCommandCount--;
      parts.counters().prefetchCommands.increment();
      commandPageId[command] = first;
      commandPageCount[command] = count;
    } else {
      abandon(first, count);
    }
  }

  private boolean tryRead(long first, int count, long tag) {
    PageRegion region = parts.region();
    vector.clear();
    for (long pageId = first; pageId < first + count; pageId++) {
      boolean isAdded = vector.tryAdd(region.address(pageId), region.pageBytes());
      assert isAdded;
    }
    return vector.count() == 1
        ? queuePair.tryRead(
            region.lba(first), count * region.blocksPerPage(), vector.address(0), tag)
        : queuePair.tryReadVectored(region.lba(first), vector, tag);
  }

  private boolean tryLatch(long pageId, int floor) {
    long word = parts.states().word(pageId);
    if (PageStates.state(word) != PageStates.EVICTED
        || PageStates.isWriting(word)
        || parts.region().lba(pageId + 1) > parts.io().device().blockCount()) {
      return false;
    }
    int frame = parts.frames().tryTakeAbove(floor, pageId);
    if (frame == FrameReserve.NONE) {
      return false;
    }
    if (!parts.states().tryFaultIn(pageId, word)) {
      parts.frames().give(frame);
      return false;
    }
    parts.region().frame(pageId, frame);
    return true;
  }

  /** Publishes the pages of a read, or evicts them again. */
  void onCompletion(long tag, int status) {
    int command = (int) (tag - tagBase);
    freeCommands[freeCommandCount++] = command;
    long first = commandPageId[command];
    int count = commandPageCount[command];
    commandPageCount[command] = 0;
    if (status != IoStatus.SUCCESS) {
      abandon(first, count);
      return;
    }
    for (long pageId = first; pageId < first + count; pageId++) {
      publish(pageId);
    }
  }

  private void publish(long pageId) {
    try {
      verifier.verify(pageId, parts.region().address(pageId), parts.gate().durableLsn());
      parts.latches().unlatchMarking(pageId); // until somebody uses it
      parts.counters().pagesPrefetched.increment();
    } catch (DamagedPageException e) {
      parts.abandon(pageId); // Who wants the page reads it, and gets this exception.
    }
  }

  /** Evicts the pages of all reads under way, after the queue pair was closed. */
  void close() {
    for (int command = 0; command < commandPageCount.length; command++) {
      abandon(commandPageId[command], commandPageCount[command]);
      commandPageCount[command] = 0;
    }
  }

  private void abandon(long first, int count) {
    for (long pageId = first; pageId < first + count; pageId++) {
      parts.abandon(pageId);
    }
  }
}
