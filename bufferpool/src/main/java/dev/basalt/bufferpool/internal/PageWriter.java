// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import dev.basalt.bufferpool.PageHeader;
import dev.basalt.iostack.IoException;
import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.IoVector;
import dev.basalt.iostack.QueuePair;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * Writes dirty pages from copies: each is copied into a staging slot under a shared latch, sealed
 * with its checksum, and joined with its neighbour on the device into one command. No latch is held
 * over the write.
 *
 * <p>Slots of a command form a list through {@code nextSlot}, in the order of their page ids. Free
 * slots are a stack; neighbours in it are mostly neighbours in memory, so most commands are one
 * piece.
 *
 * <p><b>Memory.</b> The staging buffer belongs to this object's arena, closed by {@link #close}
 * after the owner has closed the queue pair, that is after every command has completed.
 *
 * <p><b>Concurrency.</b> Owned by one agent's thread. The page states keep two writers from writing
 * a page at a time.
 */
final class PageWriter implements AutoCloseable {
  /** What became of a page offered to {@link #tryStage}. */
  enum Outcome {
    /** Copied; {@link Listener#onWritten} will tell. */
    STAGED,
    /** Nothing to write: the device has it, or it was discarded. */
    CLEAN,
    /** Latched, or an earlier write is in flight. */
    BUSY,
    /** The log is not durable through its LSN; that was requested. */
    AHEAD_OF_LOG,
    /** No slot or no place in the queue: to be offered again after completions. */
    FULL
  }

  /** Is told of pages whose write has ended. */
  @FunctionalInterface
  interface Listener {
    void onWritten(long pageId);
  }

  private static final int NO_SLOT = -1;
  private static final int RUN_PAGES_MAX = 64;

  private final PoolParts parts;
  private final QueuePair queuePair;
  private final Listener listener;
  private final Arena arena = Arena.ofShared();
  private final CRC32C crc = new CRC32C();
  private final IoVector vector;
  private final int pageBytes;
  private final int runPagesMax;

  private final long[] slotAddress;
  private final ByteBuffer[] slotBytes;
  private final long[] slotPageId;
  private final int[] nextSlot;
  private final int[] freeSlots;
  private int freeSlotCount;

  private final int[] commandFirstSlot;
  private final int[] freeCommands;
  private int freeCommandCount;

  /** The run that grows: staged, not yet queued. */
  private int runFirstSlot = NO_SLOT;

  private int runLastSlot = NO_SLOT;
  private int runCount;

  PageWriter(PoolParts parts, QueuePair queuePair, int slotCount, Listener listener) {
    this.parts = parts;
    this.queuePair = queuePair;
    this.listener = listener;
    pageBytes = parts.region().pageBytes();
    int transferPages = parts.io().device().capabilities().transferBytesMax() / pageBytes;
    runPagesMax = Math.clamp(transferPages, 1, Math.min(RUN_PAGES_MAX, slotCount));
    vector = new IoVector(runPagesMax);
    slotAddress = new long[slotCount];
    slotBytes = new ByteBuffer[slotCount];
    slotPageId = new long[slotCount];
    nextSlot = new int[slotCount];
    freeSlots = new int[slotCount];
    MemorySegment staging = arena.allocate((long) slotCount * pageBytes, pageBytes);
    for (int slot = slotCount - 1; slot >= 0; slot--) {
      MemorySegment bytes = staging.asSlice((long) slot * pageBytes, pageBytes);
      slotAddress[slot] = bytes.address();
      slotBytes[slot] = bytes.asByteBuffer();
      freeSlots[freeSlotCount++] = slot;
    }
    commandFirstSlot = new int[queuePair.depth()];
    freeCommands = new int[queuePair.depth()];
    for (int command = 0; command < queuePair.depth(); command++) {
      freeCommands[freeCommandCount++] = command;
    }
  }

  /** Returns how many pages are staged or on their way to the device. */
  int inFlight() {
    return freeSlots.length - freeSlotCount;
  }

  boolean isFull() {
    return freeSlotCount == 0;
  }

  /** Copies a page if it is dirty, never waiting; {@link #issue} sends what was staged. */
  Outcome tryStage(long pageId) {
    long word = parts.states().word(pageId);
    if (PageStates.state(word) != PageStates.EXCLUSIVE
        && !PageStates.isDirty(word)
        && !PageStates.isWriting(word)) {
      return Outcome.CLEAN;
    }
    if (!follows(pageId) && !issue() || freeSlotCount == 0) {
      return Outcome.FULL;
    }
    if (PageStates.isWriting(word) || !parts.latches().tryLatchShared(pageId)) {
      return Outcome.BUSY;
    }
    boolean wasMarked = PageStates.state(word) == PageStates.MARKED;
    long lsn = PageHeader.lsn(parts.region().address(pageId));
    boolean isDurable = lsn < parts.gate().durableLsn();
    boolean isOurs = isDurable && parts.states().tryBeginWrite(pageId);
    if (isOurs) {
      copy(pageId);
    }
    unlatch(pageId, wasMarked);
    if (isOurs) {
      seal(runLastSlot);
      return Outcome.STAGED;
    }
    if (!isDurable) {
      requestDurable(lsn);
    }
    return isDurable ? Outcome.BUSY : Outcome.AHEAD_OF_LOG;
  }

  /** A log that has failed fails the pool: the page would be waited for without end. */
  private void requestDurable(long lsn) {
    try {
      parts.gate().check();
      parts.gate().requestDurable(lsn);
    } catch (IOException e) {
      parts.fail(e);
    }
  }

  private boolean follows(long pageId) {
    return runCount == 0 || runCount < runPagesMax && slotPageId[runLastSlot] + 1 == pageId;
  }

  private void unlatch(long pageId, boolean wasMarked) {
    if (wasMarked) {
      parts.latches().unlatchSharedMarking(pageId);
    } else {
      parts.latches().unlatchShared(pageId);
    }
  }

  private void copy(long pageId) {
    int slot = freeSlots[--freeSlotCount];
    PageMemory.copy(parts.region().address(pageId), slotAddress[slot], pageBytes);
    slotPageId[slot] = pageId;
    nextSlot[slot] = NO_SLOT;
    if (runCount == 0) {
      runFirstSlot = slot;
    } else {
      nextSlot[runLastSlot] = slot;
    }
    runLastSlot = slot;
    runCount++;
  }

  private void seal(int slot) {
    long address = slotAddress[slot];
    if (PageHeader.pageId(address) != slotPageId[slot]) {
      throw new AssertionError(
          "page " + slotPageId[slot] + " carries the id " + PageHeader.pageId(address));
    }
    ByteBuffer bytes = slotBytes[slot];
    bytes.limit(pageBytes).position(PageHeader.TYPE_OFFSET);
    crc.reset();
    crc.update(bytes);
    PageHeader.checksum(address, (int) crc.getValue() ^ parts.region().pageTag());
  }

  /**
   * Queues the write of what was staged.
   *
   * @return false when there is no place in the queue
   */
  boolean issue() {
    if (runCount == 0) {
      return true;
    }
    if (freeCommandCount == 0) {
      return false;
    }
    int command = freeCommands[freeCommandCount - 1];
    if (!tryWrite(command)) {
      return false;
    }
    freeCommandCount--;
    commandFirstSlot[command] = runFirstSlot;
    parts.counters().pagesWritten.add(runCount);
    parts.counters().writeCommands.increment();
    runCount = 0;
    runFirstSlot = NO_SLOT;
    runLastSlot = NO_SLOT;
    return true;
  }

  private boolean tryWrite(int command) {
    vector.clear();
    for (int slot = runFirstSlot; slot != NO_SLOT; slot = nextSlot[slot]) {
      boolean added = vector.tryAdd(slotAddress[slot], pageBytes);
      assert added;
    }
    PageRegion region = parts.region();
    long lba = region.lba(slotPageId[runFirstSlot]);
    return vector.count() == 1
        ? queuePair.tryWrite(lba, runCount * region.blocksPerPage(), vector.address(0), command)
        : queuePair.tryWriteVectored(lba, vector, command);
  }

  /**
   * Ends a command: its pages are on the device, or the pool has failed.
   *
   * @param command the tag of the command
   * @param status how it ended
   */
  void onCompletion(int command, int status) {
    boolean written = status == IoStatus.SUCCESS;
    int first = commandFirstSlot[command];
    freeCommands[freeCommandCount++] = command;
    if (!written) {
      String what = "write of page " + slotPageId[first] + ": " + IoStatus.describe(status);
      parts.fail(new IoException(what, status, null));
    }
    int freed = freeSlotCount;
    for (int slot = first; slot != NO_SLOT; slot = nextSlot[slot]) {
      parts.latches().endWrite(slotPageId[slot], written);
      listener.onWritten(slotPageId[slot]);
      freeSlots[freeSlotCount++] = slot;
    }
    reverse(freed, freeSlotCount - 1);
  }

  /** Puts a command's slots back so that the first is taken first: neighbours stay neighbours. */
  private void reverse(int from, int to) {
    for (int low = from, high = to; low < high; low++, high--) {
      int slot = freeSlots[low];
      freeSlots[low] = freeSlots[high];
      freeSlots[high] = slot;
    }
  }

  /** Ends the writes that will never complete: their waiters find that the pool has failed. */
  @Override
  public void close() {
    boolean[] isFree = new boolean[slotPageId.length];
    for (int i = 0; i < freeSlotCount; i++) {
      isFree[freeSlots[i]] = true;
    }
    for (int slot = 0; slot < slotPageId.length; slot++) {
      if (!isFree[slot]) {
        parts.latches().endWrite(slotPageId[slot], false);
      }
    }
    arena.close();
  }
}
