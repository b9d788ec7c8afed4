// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.agent.ParkingLot;
import dev.basalt.iostack.agent.WaitCondition;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.LongAdder;

/**
 * Who may use how much of the log's ring. An operation is admitted with the most bytes it can
 * append before it takes any latch, so that no append ever finds the ring full.
 *
 * <pre>
 *   redo                    appended                      redo + capacity
 *    |---- used by records ----|---- admitted ----|-- free --|-- reserve --|
 * </pre>
 *
 * <p>What an operation appends is counted both as used and as admitted until it is released; so the
 * sum is never too small and nobody need track who appended what. The reserve belongs to recovery,
 * whose redo may have to log structure changes before its first checkpoint has made room.
 *
 * <p><b>Concurrency.</b> Any thread. {@code admitted} holds bytes (44 bits) and a count of
 * admissions (20 bits). Admission reads it, then the log's end, then changes it by CAS: an append
 * in between is of an operation admitted before, hence counted; another admission in between
 * changes the count and fails the CAS. The redo LSN only rises, so a stale one is safe. Waiting is
 * bounded.
 */
final class LogSpace {
  private static final int COUNT_SHIFT = 44;
  private static final long COUNT_ONE = 1L << COUNT_SHIFT;
  private static final long BYTES_MASK = COUNT_ONE - 1;
  private static final int RESERVE_FRACTION = 8;
  private static final long RETRY_NANOS = 20_000_000;
  private static final VarHandle ADMITTED;

  static {
    try {
      ADMITTED = MethodHandles.lookup().findVarHandle(LogSpace.class, "admitted", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final LogBuffer buffer;
  private final LogProgress progress;
  private final ParkingLot lot;
  private final Execution execution;
  private final long capacityBytes;
  private final long reserveBytes;
  private final long triggerBytes;
  private final long waitNanosMax;
  private final WaitCondition isShort = bytes -> !fits(bytes) && !hasFailed();

  private final LongAdder waits = new LongAdder();

  private volatile long admitted;
  private volatile long redoLsn;
  private volatile long beginLsn;
  private volatile boolean isCheckpointWanted;

  /**
   * Between a checkpoint's begin and its end, which may free what is waited for. Written by who
   * takes the checkpoint; a waiter that reads it too early asks for one more, which does no harm.
   */
  private volatile boolean isCheckpointUnderWay;

  private volatile Runnable checkpointer = () -> {};

  LogSpace(
      LogRegion region,
      LogBuffer buffer,
      LogProgress progress,
      ParkingLot lot,
      Execution execution,
      WalConfig config,
      CheckpointState start) {
    this.buffer = buffer;
    this.progress = progress;
    this.lot = lot;
    this.execution = execution;
    capacityBytes = region.capacityBytes();
    reserveBytes = capacityBytes / RESERVE_FRACTION;
    triggerBytes = capacityBytes / 100 * config.checkpointPercent();
    waitNanosMax = config.spaceWaitNanosMax();
    redoLsn = start.redoLsn();
    beginLsn = start.beginLsn();
  }

  /** Sets who is told, once, that a checkpoint is wanted. */
  void setCheckpointer(Runnable wake) {
    checkpointer = wake;
  }

  /** The most bytes that one operation may ask for. */
  long admissibleBytesMax() {
    return capacityBytes - reserveBytes;
  }

  /** Bytes that could be admitted now; negative when appended structure has used the reserve. */
  long freeBytes() {
    long bytes = admitted & BYTES_MASK;
    return admissibleBytesMax() - (buffer.appendedLsn() - redoLsn) - bytes;
  }

  boolean tryAdmit(long bytes) {
    return tryAdmit(bytes, admissibleBytesMax());
  }

  /** Admits with half of the reserve; the rest stays recovery's. */
  boolean tryAdmitFromReserve(long bytes) {
    return tryAdmit(bytes, capacityBytes - reserveBytes / 2);
  }

  private boolean tryAdmit(long bytes, long limit) {
    while (true) {
      long before = admitted;
      // The log's end must be read after the admissions; both reads are ordered by volatile.
      long used = buffer.appendedLsn() - redoLsn;
      if (used + (before & BYTES_MASK) + bytes > limit) {
        return false;
      }
      if (ADMITTED.compareAndSet(this, before, before + COUNT_ONE + bytes)) {
        return true;
      }
    }
  }

  void admit(long bytes) throws LogFullException, LogFailedException {
    if (tryAdmit(bytes)) {
      return;
    }
    if (bytes > admissibleBytesMax()) {
      throw new LogFullException(
          "operation may need %,d bytes of log, but a log of this size can hold %,d at most"
              .formatted(bytes, admissibleBytesMax()));
    }
    awaitAdmission(bytes);
  }

  /** Gives back what {@link #admit} took, after the operation's last append. */
  void release(long bytes) {
    long before = (long) ADMITTED.getAndAdd(this, -bytes);
    assert (before & BYTES_MASK) >= bytes : "released more than admitted";
    lot.wakeAll(LogProgress.KEY_SPACE);
  }

  /** Tells whether a record that was appended without enough admission would overrun the ring. */
  boolean isOverrun(long endLsn) {
    return endLsn - redoLsn > capacityBytes;
  }

  /** Returns how many operations had to wait for space. */
  long waits() {
    return waits.sum();
  }

  long redoLsn() {
    return redoLsn;
  }

  boolean isCheckpointWanted() {
    return isCheckpointWanted;
  }

  /** Asks for a checkpoint when the log has grown enough since the last one began. */
  void appended(long endLsn) {
    if (endLsn - beginLsn >= triggerBytes && !isCheckpointWanted) {
      requestCheckpoint();
    }
  }

  void requestCheckpoint() {
    isCheckpointWanted = true;
    checkpointer.run();
  }

  void checkpointBegun(long lsn) {
    beginLsn = lsn;
    isCheckpointUnderWay = true;
    isCheckpointWanted = false;
  }

  /** Frees the log before an LSN, which a durable superblock names as its redo LSN. */
  void advanceRedo(long lsn) {
    assert lsn >= redoLsn : lsn + " after " + redoLsn;
    redoLsn = lsn;
    isCheckpointUnderWay = false;
    lot.wakeAll(LogProgress.KEY_SPACE);
  }

  private void awaitAdmission(long bytes) throws LogFullException, LogFailedException {
    waits.increment();
    long deadline = execution.nanoTime() + waitNanosMax;
    while (!tryAdmit(bytes)) {
      progress.check();
      long left = deadline - execution.nanoTime();
      if (left <= 0) {
        throw new LogFullException(
            ("log is full: %,d bytes needed, %,d free after waiting %,d ms; "
                    + "it holds LSN %d to %d, and the last checkpoint began at %d")
                .formatted(
                    bytes,
                    Math.max(0, freeBytes()),
                    waitNanosMax / 1_000_000,
                    redoLsn,
                    buffer.appendedLsn(),
                    beginLsn));
      }
      if (!isCheckpointUnderWay) {
        requestCheckpoint();
      }
      // In slices: one checkpoint may free too little, and the next one must be asked for.
      lot.awaitWhile(LogProgress.KEY_SPACE, isShort, bytes, Math.min(left, RETRY_NANOS));
    }
  }

  private boolean fits(long bytes) {
    return bytes <= freeBytes();
  }

  private boolean hasFailed() {
    return progress.hasFailed();
  }
}
