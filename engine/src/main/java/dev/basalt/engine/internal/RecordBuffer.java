// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import dev.basalt.index.SearchKey;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Entries that a cursor has copied, one behind the other: each its key, then its value.
 *
 * <p>The memory lives as long as anybody can reach it, a slice included; it grows for an entry that
 * does not fit into it alone.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time; a filling beside another is refused.
 */
public final class RecordBuffer {
  /** What {@link #tryAdd} returns for want of room. */
  static final long FULL = 0;

  private final int[] offsets;
  private final int[] keyLengths;
  private final AtomicBoolean isFilling = new AtomicBoolean();
  private MemorySegment memory;
  private int count;

  /**
   * Creates an empty buffer.
   *
   * @param countMax the most entries
   * @param sizeBytes the most bytes of several entries together
   */
  public RecordBuffer(int countMax, int sizeBytes) {
    offsets = new int[countMax + 1];
    keyLengths = new int[countMax];
    memory = allocate(sizeBytes);
  }

  private static MemorySegment allocate(int sizeBytes) {
    return Arena.ofAuto().allocate(sizeBytes, Long.BYTES);
  }

  /**
   * Forgets the entries and keeps other threads off until {@link #endFill}: they might replace the
   * memory that an entry is copied to.
   */
  void beginFill() {
    if (!isFilling.compareAndSet(false, true)) {
      throw new IllegalStateException("the batch is being filled by another thread");
    }
    count = 0;
  }

  /** Also keeps the memory reachable until everything is copied. */
  void endFill() {
    isFilling.set(false);
  }

  /**
   * Returns how many entries there are.
   *
   * @return 0 up to the limit
   */
  public int count() {
    return count;
  }

  boolean isFull() {
    return count == keyLengths.length;
  }

  /** Tells whether an entry of a size fits, if need be after the memory has grown for it. */
  boolean mayHold(long sizeBytes) {
    return count == 0 || sizeBytes <= memory.byteSize() - offsets[count];
  }

  /**
   * Makes room for an entry, which is the last one then.
   *
   * @return the absolute address of so many bytes, or {@link #FULL} when it does not fit
   */
  long tryAdd(int keyLength, int valueLength) {
    long needed = (long) keyLength + valueLength;
    int index = count;
    if (index == 0 && needed > memory.byteSize()) {
      memory = allocate(Math.toIntExact(needed));
    }
    MemorySegment target = memory;
    int begin = offsets[index];
    if (needed > target.byteSize() - begin) {
      return FULL;
    }
    keyLengths[index] = keyLength;
    offsets[index + 1] = Math.toIntExact(begin + needed);
    count = index + 1;
    return target.address() + begin;
  }

  /** Fills the last entry. */
  void setLast(SearchKey key, byte[] value) {
    key(count - 1).copyFrom(EngineMemory.segment(key.address(), key.lengthBytes()));
    value(count - 1).copyFrom(MemorySegment.ofArray(value));
  }

  /**
   * Returns an entry's key.
   *
   * @param index the entry
   * @return a slice, overwritten when the buffer is filled again
   */
  public MemorySegment key(int index) {
    return memory.asSlice(offsets[index], keyLengths[index]);
  }

  /**
   * Returns an entry's value.
   *
   * @param index the entry
   * @return a slice, overwritten when the buffer is filled again
   */
  public MemorySegment value(int index) {
    long begin = (long) offsets[index] + keyLengths[index];
    return memory.asSlice(begin, offsets[index + 1] - begin);
  }
}
