// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

import dev.basalt.iostack.CompletionSink;
import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.IoVector;
import dev.basalt.iostack.QueuePair;
import dev.basalt.iostack.agent.Execution;
import org.jspecify.annotations.Nullable;

/**
 * A queue pair whose commands are carried out by the owner's thread within {@link #submit}; the
 * subclass says how.
 *
 * <p>Slots go round through three places: the free list, the queue of commands, and the queue of
 * completions. A ring of {@code depth} slots holds the latter two: completions from {@code head},
 * commands from {@code submitted}, up to {@code tail}.
 *
 * <p><b>Concurrency.</b> One thread, but for {@link #wake}. {@code wakeRequested} and {@code
 * sleeper} are volatile: who sleeps writes {@code sleeper} and then reads {@code wakeRequested},
 * who wakes does it the other way round, so one of the two sees the other.
 */
abstract class ImmediateQueuePair implements QueuePair {
  private final CommandLimits limits;
  private final OpenQueuePairs openQueuePairs;
  private final Execution execution;
  private final int depth;
  private final Slot[] ring;
  private long head;
  private long submitted;
  private long tail;
  private boolean isClosed;

  private volatile boolean wakeRequested;
  private volatile @Nullable Thread sleeper;

  ImmediateQueuePair(
      CommandLimits limits, OpenQueuePairs openQueuePairs, int depth, Execution execution) {
    this.limits = limits;
    this.openQueuePairs = openQueuePairs;
    this.execution = execution;
    this.depth = depth;
    ring = new Slot[depth];
    for (int i = 0; i < depth; i++) {
      ring[i] = new Slot();
    }
    openQueuePairs.add();
  }

  /** Reads one piece; returns a status. */
  abstract int read(long offset, long address, int lengthBytes);

  /** Writes one piece; returns a status. */
  abstract int write(long offset, long address, int lengthBytes);

  /** Makes completed writes durable; returns a status. */
  abstract int flush();

  /** Gives a range up; returns a status. */
  abstract int deallocate(long offset, long lengthBytes);

  /** Zeroes a range; returns a status. */
  abstract int writeZeroes(long offset, long lengthBytes);

  /** Releases what the subclass owns. */
  abstract void release();

  @Override
  public final int depth() {
    return depth;
  }

  @Override
  public final int inFlight() {
    return (int) (tail - head);
  }

  @Override
  public final boolean tryRead(long lba, int lbaCount, long address, long tag) {
    checkOpen();
    int lengthBytes = limits.checkTransfer(lba, lbaCount, address);
    return tryQueue(IoCommand.READ, lba, lengthBytes, address, tag);
  }

  @Override
  public final boolean tryWrite(long lba, int lbaCount, long address, long tag) {
    checkOpen();
    int lengthBytes = limits.checkTransfer(lba, lbaCount, address);
    return tryQueue(IoCommand.WRITE, lba, lengthBytes, address, tag);
  }

  @Override
  public final boolean tryReadVectored(long lba, IoVector vector, long tag) {
    return tryVectored(IoCommand.READ_VECTORED, lba, vector, tag);
  }

  @Override
  public final boolean tryWriteVectored(long lba, IoVector vector, long tag) {
    return tryVectored(IoCommand.WRITE_VECTORED, lba, vector, tag);
  }

  @Override
  public final boolean tryFlush(long tag) {
    checkOpen();
    return tryQueue(IoCommand.FLUSH, 0, 0, 0, tag);
  }

  @Override
  public final boolean tryDeallocate(long lba, long lbaCount, long tag) {
    checkOpen();
    limits.checkBlocks(lba, lbaCount);
    return tryQueue(IoCommand.DEALLOCATE, lba, lbaCount * limits.blockBytes(), 0, tag);
  }

  @Override
  public final boolean tryWriteZeroes(long lba, long lbaCount, long tag) {
    checkOpen();
    limits.checkBlocks(lba, lbaCount);
    return tryQueue(IoCommand.WRITE_ZEROES, lba, lbaCount * limits.blockBytes(), 0, tag);
  }

  @Override
  public final boolean tryCancel(long tag) {
    checkOpen();
    for (long i = submitted; i < tail; i++) {
      if (slot(i).tag == tag) {
        slot(i).isCancelled = true;
        return true;
      }
    }
    return false;
  }

  @Override
  public final void submit() {
    checkOpen();
    for (; submitted < tail; submitted++) {
      Slot slot = slot(submitted);
      slot.status = slot.isCancelled ? IoStatus.ABORTED : execute(slot);
    }
  }

  @Override
  public final int poll(CompletionSink sink, int max) {
    checkOpen();
    int count = 0;
    while (count < max && head < submitted) {
      Slot slot = slot(head);
      long tag = slot.tag;
      int status = slot.status;
      head++;
      count++;
      sink.onCompletion(tag, status);
    }
    return count;
  }

  @Override
  public final void sleep(long nanos) {
    submit();
    sleeper = Thread.currentThread();
    if (head == submitted && !wakeRequested) {
      execution.parkNanos(this, nanos);
    }
    sleeper = null;
    wakeRequested = false;
  }

  @Override
  public final void wake() {
    wakeRequested = true;
    Thread thread = sleeper;
    if (thread != null) {
      execution.unpark(thread);
    }
  }

  @Override
  public final void close() {
    if (!isClosed) {
      submit();
      isClosed = true;
      release();
      openQueuePairs.remove();
    }
  }

  private boolean tryVectored(IoCommand command, long lba, IoVector vector, long tag) {
    checkOpen();
    int lengthBytes = limits.checkVector(lba, vector);
    if (!tryQueue(command, lba, lengthBytes, 0, tag)) {
      return false;
    }
    slot(tail - 1).copy(vector);
    return true;
  }

  private boolean tryQueue(IoCommand command, long lba, long lengthBytes, long address, long tag) {
    if (inFlight() == depth) {
      return false;
    }
    Slot slot = slot(tail++);
    slot.command = command;
    slot.offset = lba * limits.blockBytes();
    slot.lengthBytes = lengthBytes;
    slot.address = address;
    slot.tag = tag;
    slot.isCancelled = false;
    return true;
  }

  private int execute(Slot slot) {
    return switch (slot.command) {
      case READ -> read(slot.offset, slot.address, (int) slot.lengthBytes);
      case WRITE -> write(slot.offset, slot.address, (int) slot.lengthBytes);
      case READ_VECTORED, WRITE_VECTORED -> executeVectored(slot);
      case FLUSH -> flush();
      case DEALLOCATE -> deallocate(slot.offset, slot.lengthBytes);
      case WRITE_ZEROES -> writeZeroes(slot.offset, slot.lengthBytes);
    };
  }

  private int executeVectored(Slot slot) {
    IoVector vector = slot.vector();
    long offset = slot.offset;
    for (int i = 0; i < vector.count(); i++) {
      int lengthBytes = vector.lengthBytes(i);
      int status =
          slot.command == IoCommand.READ_VECTORED
              ? read(offset, vector.address(i), lengthBytes)
              : write(offset, vector.address(i), lengthBytes);
      if (status != IoStatus.SUCCESS) {
        return status;
      }
      offset += lengthBytes;
    }
    return IoStatus.SUCCESS;
  }

  private Slot slot(long index) {
    return ring[(int) (index % depth)];
  }

  private void checkOpen() {
    if (isClosed) {
      throw new IllegalStateException("queue pair is closed");
    }
  }

  /** A command and, later, its completion. */
  private static final class Slot {
    IoCommand command = IoCommand.READ;
    long offset;
    long lengthBytes;
    long address;
    long tag;
    int status;
    boolean isCancelled;
    private @Nullable IoVector vector;

    /** Made when the slot first carries a vectored command, and kept. */
    IoVector vector() {
      if (vector == null) {
        vector = new IoVector(IoVector.CAPACITY_MAX);
      }
      return vector;
    }

    void copy(IoVector source) {
      IoVector target = vector();
      target.clear();
      for (int i = 0; i < source.count(); i++) {
        target.tryAdd(source.address(i), source.lengthBytes(i));
      }
    }
  }
}
