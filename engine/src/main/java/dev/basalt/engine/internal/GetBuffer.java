// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Keys to be read together, one behind the other, and behind them the values that were found. The
 * memory grows as needed; what was given out of it before stays as it was.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time.
 */
public final class GetBuffer {
  private static final long ABSENT = -1;
  private static final long PENDING = -2;

  /** Where each key begins, and behind the last one. */
  private final long[] keyOffsets;

  private final long[] valueOffsets;

  /** Or {@link #ABSENT} or {@link #PENDING}. */
  private final long[] valueLengths;

  /** Pages that are to be read for the keys. */
  private final long[] missing;

  private MemorySegment memory;
  private int count;
  private long end;
  private boolean hasValues;

  /** Keeps a second thread off, who would make this one use memory by the wrong address. */
  private final AtomicBoolean isInUse = new AtomicBoolean();

  /**
   * Creates an empty buffer.
   *
   * @param countMax the most keys
   * @param sizeBytes room for keys and values at first
   */
  public GetBuffer(int countMax, long sizeBytes) {
    keyOffsets = new long[countMax + 1];
    valueOffsets = new long[countMax];
    valueLengths = new long[countMax];
    missing = new long[countMax];
    memory = Arena.ofAuto().allocate(sizeBytes, Long.BYTES);
  }

  /** Forgets the keys and values. */
  public void clear() {
    claim();
    count = 0;
    end = 0;
    hasValues = false;
    release();
  }

  /**
   * Keeps other threads off until {@link #release}.
   *
   * @throws IllegalStateException when another thread is using it
   */
  void claim() {
    if (!isInUse.compareAndSet(false, true)) {
      throw new IllegalStateException("the batch is being used by another thread");
    }
  }

  void release() {
    isInUse.setRelease(false);
  }

  /**
   * Adds a copy of a key and forgets the values.
   *
   * @param key the key
   * @return false when there are as many as there may be
   */
  public boolean tryAdd(MemorySegment key) {
    claim();
    try {
      return tryAddInside(key);
    } finally {
      release();
    }
  }

  private boolean tryAddInside(MemorySegment key) {
    if (count == valueLengths.length) {
      return false;
    }
    if (hasValues) {
      forgetValues(ABSENT);
    }
    append(key);
    valueLengths[count++] = ABSENT;
    keyOffsets[count] = end;
    return true;
  }

  /**
   * Returns how many keys there are.
   *
   * @return 0 up to the limit
   */
  public int count() {
    return count;
  }

  /**
   * Tells whether a key was there.
   *
   * @param index the key
   * @return false also before the values were read
   */
  public boolean isFound(int index) {
    return valueLengths[index] >= 0;
  }

  /**
   * Returns the value of a key that was there.
   *
   * @param index the key
   * @return a slice
   */
  public MemorySegment value(int index) {
    return memory.asSlice(valueOffsets[index], valueLengths[index]);
  }

  /** Forgets the values, to read them. */
  void begin() {
    forgetValues(PENDING);
    hasValues = true;
  }

  private void forgetValues(long state) {
    end = keyOffsets[count]; // where the values begin
    Arrays.fill(valueLengths, 0, count, state);
    hasValues = false;
  }

  boolean isPending(int index) {
    return valueLengths[index] == PENDING;
  }

  long keyAddress(int index) {
    return memory.address() + keyOffsets[index];
  }

  int keyLength(int index) {
    return (int) (keyOffsets[index + 1] - keyOffsets[index]);
  }

  long[] missing() {
    return missing;
  }

  void setAbsent(int index) {
    valueLengths[index] = ABSENT;
  }

  void setValue(int index, MemorySegment value) {
    valueOffsets[index] = end;
    append(value);
    valueLengths[index] = value.byteSize();
  }

  private void append(MemorySegment bytes) {
    long needed = end + bytes.byteSize();
    if (needed > memory.byteSize()) {
      MemorySegment larger =
          Arena.ofAuto().allocate(Math.max(needed, 2 * memory.byteSize()), Long.BYTES);
      MemorySegment.copy(memory, 0, larger, 0, end);
      memory = larger;
    }
    MemorySegment.copy(
        bytes, ValueLayout.JAVA_BYTE, 0, memory, ValueLayout.JAVA_BYTE, end, bytes.byteSize());
    end = needed;
  }
}
