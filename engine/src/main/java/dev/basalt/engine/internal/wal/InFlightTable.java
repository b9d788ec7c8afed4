// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * What was appended and is not yet in the pages: commits between append and the end of their
 * application, and runs between the record that allocated them and the end of the application of
 * the one that publishes them. The redo point never passes any of them.
 *
 * <p>Commits are in a ring, at their commit sequence: they are short, and their ring gives the
 * commit sequence up to which all commits are applied. Runs may be long (a bulk load), so they must
 * not hold up the ring and are in a list of their own.
 *
 * <p><b>Concurrency.</b>
 *
 * <ul>
 *   <li>Registering, runs and {@link #firstLsn}: under the append latch, so that a checkpoint's
 *       begin and its redo point are one moment.
 *   <li>{@link #complete}: any thread, without the latch; lock-free. A slot of {@code done} holds
 *       the last sequence completed there, volatile; {@code applied} moves by CAS over slots that
 *       are done. Who stores a slot and then reads {@code applied} either moves it or leaves it to
 *       the one who completes the sequence before, who reads the slot after moving it.
 * </ul>
 */
public final class InFlightTable {
  private static final VarHandle APPLIED;
  private static final VarHandle DONE = MethodHandles.arrayElementVarHandle(long[].class);

  static {
    try {
      APPLIED = MethodHandles.lookup().findVarHandle(InFlightTable.class, "applied", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final long[] lsns;
  private final long[] done;
  private final int mask;
  private long last;
  private long[] runs = new long[16];
  private int runCount;

  @SuppressWarnings("FieldMayBeFinal") // written through APPLIED
  private volatile long applied;

  /**
   * Creates an empty table.
   *
   * @param capacity the most commits in flight, a power of two
   * @param lastSequence the last commit sequence used before
   */
  public InFlightTable(int capacity, long lastSequence) {
    assert Integer.bitCount(capacity) == 1 : capacity;
    lsns = new long[capacity];
    done = new long[capacity];
    Arrays.fill(done, -1);
    mask = capacity - 1;
    last = lastSequence;
    applied = lastSequence;
  }

  /** Tells whether another commit can be registered. Under the latch, or as a hint. */
  boolean hasRoom() {
    return last - applied <= mask;
  }

  /**
   * Registers a commit. Under the latch, with room.
   *
   * @param lsn of its record
   * @return its commit sequence
   */
  public long register(long lsn) {
    assert hasRoom() : "in-flight table is full";
    long sequence = ++last;
    lsns[(int) sequence & mask] = lsn;
    return sequence;
  }

  /**
   * Notes that a commit is applied. Any thread.
   *
   * @param sequence its commit sequence
   * @return true when {@link #applied} has moved
   */
  public boolean complete(long sequence) {
    assert sequence > applied : "commit " + sequence + " is complete already";
    DONE.setVolatile(done, (int) sequence & mask, sequence);
    boolean moved = false;
    for (long next = applied + 1; isDone(next); next = applied + 1) {
      moved |= APPLIED.compareAndSet(this, next - 1, next);
    }
    return moved;
  }

  /**
   * Returns how far commits are applied. Any thread.
   *
   * @return the commit sequence up to which every commit is applied
   */
  public long applied() {
    return applied;
  }

  /** The last commit sequence used. Under the latch. */
  long last() {
    return last;
  }

  /** Under the latch. */
  void openRun(long lsn) {
    if (runCount == runs.length) {
      runs = Arrays.copyOf(runs, 2 * runCount);
    }
    runs[runCount++] = lsn;
  }

  /** Closes a run if it is in flight. Under the latch. */
  void closeRun(long lsn) {
    for (int i = 0; i < runCount; i++) {
      if (runs[i] == lsn) {
        runs[i] = runs[--runCount];
        return;
      }
    }
  }

  /**
   * The LSN of the first entry in flight, or the given one when that is smaller. Under the latch.
   */
  long firstLsn(long limit) {
    long first = limit;
    long next = applied + 1;
    if (next <= last) {
      first = Math.min(first, lsns[(int) next & mask]);
    }
    for (int i = 0; i < runCount; i++) {
      first = Math.min(first, runs[i]);
    }
    return first;
  }

  private boolean isDone(long sequence) {
    return (long) DONE.getVolatile(done, (int) sequence & mask) == sequence;
  }
}
