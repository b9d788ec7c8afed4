// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

import dev.basalt.iostack.CompletionSink;
import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.IoVector;
import dev.basalt.iostack.QueuePair;

/**
 * A queue pair that takes any memory, over one that transfers through pinned memory only: each
 * command has a slot of staging memory, and its data is copied once.
 *
 * <p>Without it a read into a page that was dropped would succeed and change nothing: the device
 * writes to the frame that was pinned, not to the one the page has now (facts, trap 1).
 *
 * <p>A command that ends with a status worth another try ({@link IoStatus#isRetryable}) is queued
 * again, {@link #RETRIES_MAX} times at most: until its completion is delivered nobody relies on its
 * blocks, its data lies unchanged in the staging memory, and so doing it once more is doing it
 * once. A flush is repeated only when a reset or a path error has ended it: one that the device has
 * failed may have dropped what it should have written.
 *
 * <p><b>Ownership.</b> Owns the queue pair below and the staging memory, which is unmapped after
 * that queue pair is closed, and so after its last completion. Written data is copied when the
 * command is queued; read data when its completion is delivered.
 *
 * <p><b>Concurrency.</b> That of the queue pair below.
 */
public final class StagingQueuePair implements QueuePair, CompletionSink {
  /** As often as Linux repeats a command of its own (nvme_core.max_retries). */
  public static final int RETRIES_MAX = 5;

  private static final CompletionSink NOBODY = (_, _) -> {};
  private static final int PATH_RELATED = 3;

  private final QueuePair pinned;
  private final long staging;
  private final Runnable release;
  private final CommandLimits limits;
  private final int slotBytes;
  private final long[] tags;
  private final IoCommand[] commands;
  private final long[] lbas;
  private final long[] lbaCounts;
  private final byte[] retries;
  private final boolean[] isInFlight;
  private final IoVector[] targets;
  private final int[] free;
  private int freeCount;
  private CompletionSink sink = NOBODY;
  private int delivered;
  private boolean isClosed;

  /**
   * Creates the queue pair.
   *
   * @param pinned takes addresses within the staging memory
   * @param staging absolute address of memory pinned for the device, {@code depth} slots
   * @param limits what callers may ask for
   * @param slotBytes size of a slot: the most bytes of one command
   * @param release frees the staging memory; called once, after the queue pair below is closed
   */
  public StagingQueuePair(
      QueuePair pinned, long staging, CommandLimits limits, int slotBytes, Runnable release) {
    int depth = pinned.depth();
    this.pinned = pinned;
    this.staging = staging;
    this.release = release;
    this.limits = limits;
    this.slotBytes = slotBytes;
    tags = new long[depth];
    commands = new IoCommand[depth];
    lbas = new long[depth];
    lbaCounts = new long[depth];
    retries = new byte[depth];
    isInFlight = new boolean[depth];
    targets = new IoVector[depth];
    free = new int[depth];
    for (int i = depth - 1; i >= 0; i--) {
      targets[i] = new IoVector(IoVector.CAPACITY_MAX);
      free[freeCount++] = i;
    }
  }

  @Override
  public int depth() {
    return pinned.depth();
  }

  @Override
  public int inFlight() {
    return free.length - freeCount;
  }

  @Override
  public boolean tryRead(long lba, int lbaCount, long address, long tag) {
    checkOpen();
    int lengthBytes = limits.checkTransfer(lba, lbaCount, address);
    int slot = tryTake(IoCommand.READ, lba, lbaCount, tag);
    if (slot < 0) {
      return false;
    }
    targets[slot].tryAdd(address, lengthBytes);
    return queued(slot);
  }

  @Override
  public boolean tryWrite(long lba, int lbaCount, long address, long tag) {
    checkOpen();
    int lengthBytes = limits.checkTransfer(lba, lbaCount, address);
    int slot = tryTake(IoCommand.WRITE, lba, lbaCount, tag);
    if (slot < 0) {
      return false;
    }
    TransferMemory.copy(address, memory(slot), lengthBytes);
    return queued(slot);
  }

  @Override
  public boolean tryReadVectored(long lba, IoVector vector, long tag) {
    checkOpen();
    int lengthBytes = limits.checkVector(lba, vector);
    int slot = tryTake(IoCommand.READ, lba, lengthBytes / limits.blockBytes(), tag);
    if (slot < 0) {
      return false;
    }
    for (int i = 0; i < vector.count(); i++) {
      targets[slot].tryAdd(vector.address(i), vector.lengthBytes(i));
    }
    return queued(slot);
  }

  @Override
  public boolean tryWriteVectored(long lba, IoVector vector, long tag) {
    checkOpen();
    int lengthBytes = limits.checkVector(lba, vector);
    int slot = tryTake(IoCommand.WRITE, lba, lengthBytes / limits.blockBytes(), tag);
    if (slot < 0) {
      return false;
    }
    long piece = memory(slot);
    for (int i = 0; i < vector.count(); i++) {
      TransferMemory.copy(vector.address(i), piece, vector.lengthBytes(i));
      piece += vector.lengthBytes(i);
    }
    return queued(slot);
  }

  @Override
  public boolean tryFlush(long tag) {
    checkOpen();
    return queued(tryTake(IoCommand.FLUSH, 0, 0, tag));
  }

  @Override
  public boolean tryDeallocate(long lba, long lbaCount, long tag) {
    checkOpen();
    limits.checkBlocks(lba, lbaCount);
    return queued(tryTake(IoCommand.DEALLOCATE, lba, lbaCount, tag));
  }

  @Override
  public boolean tryWriteZeroes(long lba, long lbaCount, long tag) {
    checkOpen();
    limits.checkBlocks(lba, lbaCount);
    return queued(tryTake(IoCommand.WRITE_ZEROES, lba, lbaCount, tag));
  }

  @Override
  public boolean tryCancel(long tag) {
    checkOpen();
    for (int slot = 0; slot < tags.length; slot++) {
      if (isInFlight[slot] && tags[slot] == tag) {
        return pinned.tryCancel(slot);
      }
    }
    return false;
  }

  @Override
  public void submit() {
    pinned.submit();
  }

  @Override
  public int poll(CompletionSink receiver, int max) {
    CompletionSink outerSink = sink; // of the poll whose receiver polls
    int outerDelivered = delivered;
    sink = receiver;
    delivered = 0;
    try {
      pinned.poll(this, max);
      return delivered;
    } finally {
      sink = outerSink;
      delivered = outerDelivered;
    }
  }

  @Override
  public void onCompletion(long tag, int status) {
    int slot = (int) tag;
    if (status == IoStatus.SUCCESS) {
      copyOut(slot);
    } else if (isWorthARetry(slot, status) && tryHandOver(slot)) {
      return;
    }
    release(slot);
    delivered++;
    sink.onCompletion(tags[slot], status);
  }

  @Override
  public void sleep(long nanos) {
    pinned.sleep(nanos);
  }

  @Override
  public void wake() {
    pinned.wake();
  }

  @Override
  public void close() {
    if (!isClosed) {
      pinned.close();
      isClosed = true;
      release.run();
    }
  }

  @Override
  public String toString() {
    return pinned + ", staged";
  }

  private void copyOut(int slot) {
    IoVector target = targets[slot];
    long piece = memory(slot);
    for (int i = 0; i < target.count(); i++) {
      TransferMemory.copy(piece, target.address(i), target.lengthBytes(i));
      piece += target.lengthBytes(i);
    }
  }

  private long memory(int slot) {
    return staging + (long) slot * slotBytes;
  }

  /** Takes a slot; -1 when there is none. */
  private int tryTake(IoCommand command, long lba, long lbaCount, long tag) {
    if (freeCount == 0) {
      return -1;
    }
    int slot = free[--freeCount];
    tags[slot] = tag;
    commands[slot] = command;
    lbas[slot] = lba;
    lbaCounts[slot] = lbaCount;
    retries[slot] = 0;
    isInFlight[slot] = true;
    targets[slot].clear();
    return slot;
  }

  /** Queues the command of a slot, if there is one, or gives the slot back. */
  private boolean queued(int slot) {
    if (slot < 0) {
      return false;
    }
    boolean isQueued = tryHandOver(slot);
    if (!isQueued) {
      release(slot);
    }
    return isQueued;
  }

  private boolean tryHandOver(int slot) {
    long lba = lbas[slot];
    long lbaCount = lbaCounts[slot];
    return switch (commands[slot]) {
      case READ, READ_VECTORED -> pinned.tryRead(lba, (int) lbaCount, memory(slot), slot);
      case WRITE, WRITE_VECTORED -> pinned.tryWrite(lba, (int) lbaCount, memory(slot), slot);
      case FLUSH -> pinned.tryFlush(slot);
      case DEALLOCATE -> pinned.tryDeallocate(lba, lbaCount, slot);
      case WRITE_ZEROES -> pinned.tryWriteZeroes(lba, lbaCount, slot);
    };
  }

  private boolean isWorthARetry(int slot, int status) {
    boolean isReset = status == IoStatus.ABORTED_BY_RESET;
    boolean mayRepeat =
        commands[slot] != IoCommand.FLUSH || isReset || IoStatus.codeType(status) == PATH_RELATED;
    return IoStatus.isRetryable(status) && mayRepeat && ++retries[slot] <= RETRIES_MAX;
  }

  private void release(int slot) {
    isInFlight[slot] = false;
    free[freeCount++] = slot;
  }

  private void checkOpen() {
    if (isClosed) {
      throw new IllegalStateException("queue pair is closed");
    }
  }
}
