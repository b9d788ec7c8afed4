// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

import dev.basalt.iostack.agent.ParkingLot;
import dev.basalt.iostack.agent.WaitCondition;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What the log writer and everybody else tell each other: how far the log is wanted durable, how
 * far it is, and what ended it.
 *
 * <p><b>Concurrency.</b> All fields are volatile. {@code durableLsn} is written by the log writer
 * only, after the device's completion, and never after it has seen a failure. {@code wantedLsn}
 * rises by CAS. {@code failure} is set once, by whoever fails first; {@code listener} is set before
 * {@code failure} is read, and read after that is set, so one of the two tells it. Waiters of a
 * record wait under a key made of its LSN, so that a group's end wakes that group and not the next
 * one.
 */
public final class LogProgress {
  static final long KEY_LATCH = 0;
  static final long KEY_ROOM = 1;
  static final long KEY_SPACE = 2;
  static final long KEY_IN_FLIGHT = 3;
  static final long KEY_SECTIONS = 4;
  private static final long KEY_DURABLE = 64;

  private static final int GROUP_SHIFT = 12;
  private static final int GROUP_COUNT = 64;

  private static final VarHandle WANTED;
  private static final VarHandle FAILURE;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      WANTED = lookup.findVarHandle(LogProgress.class, "wantedLsn", long.class);
      FAILURE = lookup.findVarHandle(LogProgress.class, "failure", LogFailedException.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final ParkingLot lot;
  private final WaitCondition isNotDurable = lsn -> durableLsn() <= lsn && !hasFailed();
  private volatile long durableLsn;

  @SuppressWarnings("FieldMayBeFinal") // written through WANTED
  private volatile long wantedLsn;

  private volatile @Nullable LogFailedException failure;
  private volatile Consumer<Throwable> listener = _ -> {};

  /**
   * Creates the progress of a log that is durable to its end.
   *
   * @param lot where waiters park
   * @param endLsn where the log ends
   */
  public LogProgress(ParkingLot lot, long endLsn) {
    this.lot = lot;
    durableLsn = endLsn;
    wantedLsn = endLsn;
  }

  long durableLsn() {
    return durableLsn;
  }

  /** Everything before it is to become durable now. */
  long wantedLsn() {
    return wantedLsn;
  }

  /** Asks for the record at an LSN; returns false when that has been asked for already. */
  boolean want(long lsn) {
    long wanted = wantedLsn;
    while (wanted <= lsn) {
      if (WANTED.compareAndSet(this, wanted, lsn + 1)) {
        return true;
      }
      wanted = wantedLsn;
    }
    return false;
  }

  /**
   * Waits until a record is durable; somebody must have asked for it.
   *
   * @param lsn where the record begins
   * @throws LogFailedException when the log has failed before
   */
  public void await(long lsn) throws LogFailedException {
    lot.awaitWhile(KEY_DURABLE + (lsn >>> GROUP_SHIFT) % GROUP_COUNT, isNotDurable, lsn);
    if (durableLsn <= lsn) {
      check();
    }
  }

  /**
   * Notes how far the log is durable. Log writer only.
   *
   * @param lsn a record boundary
   */
  public void advance(long lsn) {
    long before = durableLsn;
    assert lsn > before : lsn + " after " + before;
    durableLsn = lsn;
    long first = before >>> GROUP_SHIFT;
    long count = Math.min((lsn - 1 >>> GROUP_SHIFT) - first + 1, GROUP_COUNT);
    for (long group = first; group < first + count; group++) {
      lot.wakeAll(KEY_DURABLE + group % GROUP_COUNT);
    }
    lot.wakeAll(KEY_ROOM);
  }

  /** Sets who is told of the failure, once, also of one that was before. */
  void whenFailed(Consumer<Throwable> newListener) {
    listener = newListener;
    LogFailedException first = failure;
    if (first != null) {
      newListener.accept(first);
    }
  }

  boolean hasFailed() {
    return failure != null;
  }

  /** The first failure, or null. */
  @Nullable LogFailedException failure() {
    return failure;
  }

  /** Throws when the log has failed. */
  void check() throws LogFailedException {
    LogFailedException first = failure;
    if (first != null) {
      throw new LogFailedException(String.valueOf(first.getMessage()), first);
    }
  }

  /**
   * Ends the log, unless it has ended before, and wakes everybody.
   *
   * @param message what happened
   * @param cause the failure below, or null
   */
  public void fail(String message, @Nullable Throwable cause) {
    LogFailedException first = new LogFailedException(message, cause);
    if (FAILURE.compareAndSet(this, null, first)) {
      listener.accept(first);
    }
    for (long group = 0; group < GROUP_COUNT; group++) {
      lot.wakeAll(KEY_DURABLE + group);
    }
    lot.wakeAll(KEY_ROOM);
    lot.wakeAll(KEY_SPACE);
    lot.wakeAll(KEY_IN_FLIGHT);
  }
}
