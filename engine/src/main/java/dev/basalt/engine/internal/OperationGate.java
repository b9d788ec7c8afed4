// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import dev.basalt.engine.StoreClosedException;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.agent.ParkingLot;
import dev.basalt.iostack.agent.WaitCondition;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.function.IntFunction;

/**
 * The gate every operation passes: a big-reader lock of claim slots, each with the scratch memory
 * of one operation. Closing it lets nobody in and waits for those inside, so that no operation ever
 * touches memory that was released.
 *
 * <pre>
 *  claim word: 0 free | 1 claimed by a reader | 2 claimed by a writer
 *  0 -> 1, 0 -> 2  by CAS, by the operation;   1 -> 0, 2 -> 0  by the same operation
 * </pre>
 *
 * <p><b>Concurrency.</b> All methods may be called by any thread.
 *
 * <ul>
 *   <li><b>Ordering.</b> An operation claims (CAS) and then reads {@code closed} and {@code
 *       pauses}; who closes or pauses writes those and then reads the claims. All are volatile, so
 *       one of the two sees the other. The release store of a claim pairs with the next claim's CAS
 *       and hands the scratch on.
 *   <li><b>Progress.</b> A claim probes from a slot chosen by the thread, so that a thread meets
 *       its own warm scratch. With all slots claimed it waits for any release.
 * </ul>
 *
 * @param <S> the scratch
 */
public final class OperationGate<S extends OperationGate.Slot> {
  /**
   * Operations inside at a time: more than any queue depth, so that waiting for I/O is no limit.
   */
  public static final int SLOT_COUNT_MAX = 1024;

  private static final int FREE = 0;
  private static final int READER = 1;
  private static final int WRITER = 2;

  /** One claim word per two cache lines: neighbours are claimed by different threads. */
  private static final int STRIDE = 32;

  private static final long GOLDEN_RATIO = 0x9E3779B97F4A7C15L;
  private static final int SLOT_SHIFT = Long.SIZE - 10;

  /** Pages that a change latches at a time, but for the one that holds the space map. */
  private static final int FRAMES_PER_SLOT = 4;

  private static final int FRAMES_LEFT = 16;
  private static final long KEY_RELEASED = 0;
  private static final long KEY_RESUMED = 1;
  private static final VarHandle CLAIM = MethodHandles.arrayElementVarHandle(int[].class);
  private static final VarHandle PAUSES;
  private static final VarHandle CLOSED;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      PAUSES = lookup.findVarHandle(OperationGate.class, "pauses", int.class);
      CLOSED = lookup.findVarHandle(OperationGate.class, "closed", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** What an operation holds from {@link #enterReader} or {@link #enterWriter} on. */
  public abstract static class Slot {
    private final int index;

    /**
     * Creates the scratch of a slot.
     *
     * @param index the slot
     */
    protected Slot(int index) {
      this.index = index;
    }
  }

  private final int slotCount;
  private final int[] claims;
  private final Slot[] slots;
  private final IntFunction<S> newSlot;
  private final ParkingLot lot;
  private final WaitCondition isFull = _ -> isFull();
  private final WaitCondition isClaimed = least -> isClaimed((int) least);
  private final WaitCondition isPaused = _ -> isPaused();
  private final WaitCondition hasPause = _ -> hasPause();

  @SuppressWarnings("FieldMayBeFinal") // written through CLOSED
  private volatile boolean closed;

  @SuppressWarnings("FieldMayBeFinal") // written through PAUSES
  private volatile int pauses;

  /**
   * Creates an open gate.
   *
   * @param execution the seam to wait through
   * @param slotCount how many may be inside at a time, a power of two up to {@link #SLOT_COUNT_MAX}
   * @param newSlot makes the scratch of a slot when it is claimed first
   */
  public OperationGate(Execution execution, int slotCount, IntFunction<S> newSlot) {
    assert SLOT_COUNT_MAX == 1 << Long.SIZE - SLOT_SHIFT;
    assert Integer.bitCount(slotCount) == 1 && slotCount <= SLOT_COUNT_MAX;
    this.slotCount = slotCount;
    claims = new int[slotCount * STRIDE];
    slots = new Slot[slotCount];
    lot = new ParkingLot(execution);
    this.newSlot = newSlot;
  }

  /**
   * Returns how many operations may be inside without all frames of a pool being latched by those
   * that wait for another one.
   *
   * @param frameCount the frames
   * @return a power of two
   */
  public static int slotCount(int frameCount) {
    int count = (frameCount - FRAMES_LEFT) / FRAMES_PER_SLOT;
    return Math.clamp(Integer.highestOneBit(Math.max(1, count)), 1, SLOT_COUNT_MAX);
  }

  /**
   * Enters for an operation that changes nothing.
   *
   * @return scratch memory of the caller until {@link #exit}
   * @throws StoreClosedException when the gate is closed
   */
  public S enterReader() {
    return enter(READER);
  }

  /**
   * Enters for an operation that may change something. Waits while writers are paused.
   *
   * @return scratch memory of the caller until {@link #exit}
   * @throws StoreClosedException when the gate is closed
   */
  public S enterWriter() {
    S slot = enter(WRITER);
    while (pauses > 0) {
      exit(slot);
      lot.awaitWhile(KEY_RESUMED, isPaused, 0);
      slot = enter(WRITER);
    }
    return slot;
  }

  /**
   * Leaves.
   *
   * @param slot what entering returned; not used by the caller any more
   */
  public void exit(S slot) {
    Slot left = slot;
    release(left.index);
  }

  /**
   * Waits until no writer is inside and lets none in until {@link #resumeWriters}. One caller at a
   * time; others wait for it. The caller is not inside as a writer.
   */
  public void pauseWriters() {
    while (!PAUSES.compareAndSet(this, 0, 1)) {
      lot.awaitWhile(KEY_RESUMED, hasPause, 0);
    }
    lot.awaitWhile(KEY_RELEASED, isClaimed, WRITER);
  }

  /** Ends what {@link #pauseWriters} began. */
  public void resumeWriters() {
    PAUSES.setVolatile(this, 0);
    lot.wakeAll(KEY_RESUMED);
  }

  /**
   * Lets nobody in any more and waits for those inside. The caller is not inside.
   *
   * @return false when somebody else has closed the gate, or is about to
   */
  public boolean close() {
    boolean wasOpen = CLOSED.compareAndSet(this, false, true);
    lot.wakeAll(KEY_RELEASED);
    lot.wakeAll(KEY_RESUMED);
    lot.awaitWhile(KEY_RELEASED, isClaimed, READER);
    return wasOpen;
  }

  /**
   * Tells whether the gate is closed.
   *
   * @return true once {@link #close} has begun
   */
  public boolean isClosed() {
    return closed;
  }

  /** Throws when the gate is closed. */
  void checkOpen() {
    if (closed) {
      throw closedException();
    }
  }

  private S enter(int kind) {
    int start = (int) (Thread.currentThread().threadId() * GOLDEN_RATIO >>> SLOT_SHIFT);
    while (!closed) {
      for (int i = 0; i < slotCount; i++) {
        int index = start + i & slotCount - 1;
        if (tryClaim(index, kind)) {
          return claimed(index);
        }
      }
      lot.awaitWhile(KEY_RELEASED, isFull, 0);
    }
    throw closedException();
  }

  private boolean tryClaim(int index, int kind) {
    return (int) CLAIM.getVolatile(claims, index * STRIDE) == FREE
        && CLAIM.compareAndSet(claims, index * STRIDE, FREE, kind);
  }

  // The array holds what newSlot made and nothing else; an S[] cannot be created.
  @SuppressWarnings("unchecked")
  private S claimed(int index) {
    if (slots[index] == null) {
      fill(index);
    }
    S slot = (S) slots[index];
    if (closed) {
      exit(slot);
      throw closedException();
    }
    return slot;
  }

  /** Makes the scratch of a claimed slot; a claim that got none (out of memory) is given back. */
  private void fill(int index) {
    try {
      slots[index] = newSlot.apply(index);
    } finally {
      if (slots[index] == null) {
        release(index);
      }
    }
  }

  private void release(int index) {
    CLAIM.setVolatile(claims, index * STRIDE, FREE);
    lot.wakeAll(KEY_RELEASED);
  }

  private static StoreClosedException closedException() {
    return new StoreClosedException("the store is closed");
  }

  private boolean isPaused() {
    return pauses > 0 && !closed;
  }

  private boolean hasPause() {
    return pauses > 0;
  }

  private boolean isFull() {
    for (int index = 0; index < slotCount; index++) {
      if ((int) CLAIM.getVolatile(claims, index * STRIDE) == FREE) {
        return false;
      }
    }
    return !closed;
  }

  /** Tells whether any slot is claimed by a reader or above, or by a writer. */
  private boolean isClaimed(int least) {
    for (int index = 0; index < slotCount; index++) {
      if ((int) CLAIM.getVolatile(claims, index * STRIDE) >= least) {
        return true;
      }
    }
    return false;
  }
}
