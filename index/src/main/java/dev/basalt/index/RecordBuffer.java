// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import dev.basalt.index.internal.IndexMemory;
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
  public static final long FULL = 0;

  private final int[] offsets;
  private final int[] keyLengths;
  private final AtomicBoolean isFilling = new AtomicBoolean();
  private long address;
  private int sizeBytes;
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
    memory = MemorySegment.NULL;
    allocate(sizeBytes);
  }

  private void allocate(int bytes) {
    MemorySegment whole =
        Arena.ofAuto().allocate((long) bytes + IndexMemory.SLACK_BYTES, Long.BYTES);
    memory = whole.asSlice(0, bytes).asReadOnly();
    address = whole.address();
    sizeBytes = bytes;
  }

  /**
   * Forgets the entries and keeps other threads off until {@link #endFill}: they might replace the
   * memory that an entry is copied to.
   *
   * @throws IllegalStateException when another thread is filling it
   */
  public void beginFill() {
    if (!isFilling.compareAndSet(false, true)) {
      throw new IllegalStateException("the batch is being filled by another thread");
    }
    count = 0;
  }

  /** Lets others fill it. */
  public void endFill() {
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

  /**
   * Tells whether there are as many entries as there may be.
   *
   * @return true when no other is taken, however small
   */
  public boolean isFull() {
    return count == keyLengths.length;
  }

  /**
   * Returns how many more entries may come.
   *
   * @return 0 when it is full
   */
  public int countLeft() {
    return keyLengths.length - count;
  }

  /**
   * Tells whether an entry of a size fits, if need be after the memory has grown for it.
   *
   * @param bytes of key and value together
   * @return whether it fits
   */
  public boolean mayHold(long bytes) {
    return count == 0 || bytes <= sizeBytes - offsets[count];
  }

  /**
   * Makes room for an entry, which is the last one then.
   *
   * @param keyLength bytes of its key
   * @param valueLength bytes of its value
   * @return the absolute address of so many bytes, {@link IndexMemory#SLACK_BYTES} behind which may
   *     be overwritten as well; or {@link #FULL} when it does not fit
   */
  public long tryAdd(int keyLength, int valueLength) {
    long needed = (long) keyLength + valueLength;
    int index = count;
    int begin = offsets[index];
    if (needed > sizeBytes - begin) {
      if (index > 0) {
        return FULL;
      }
      allocate(Math.toIntExact(needed));
    }
    keyLengths[index] = keyLength;
    offsets[index + 1] = (int) (begin + needed);
    count = index + 1;
    return address + begin;
  }

  /**
   * Fills the last entry.
   *
   * @param key its key, as long as was said
   * @param value its value, as long as was said
   */
  public void setLast(SearchKey key, byte[] value) {
    long target = address + offsets[count - 1];
    IndexMemory.copy(key.address(), target, key.lengthBytes());
    IndexMemory.copyIn(MemorySegment.ofArray(value), 0, target + key.lengthBytes(), value.length);
  }

  /**
   * Returns the memory of all entries.
   *
   * @return a read-only segment; another one after an entry larger than it has come
   */
  public MemorySegment memory() {
    return memory;
  }

  /**
   * Returns where an entry's key begins.
   *
   * @param index the entry
   * @return bytes from the beginning of {@link #memory}
   */
  public int keyOffset(int index) {
    return offsets[index];
  }

  /**
   * Returns the length of an entry's key.
   *
   * @param index the entry
   * @return bytes
   */
  public int keyLength(int index) {
    return keyLengths[index];
  }

  /**
   * Returns where an entry's value begins.
   *
   * @param index the entry
   * @return bytes from the beginning of {@link #memory}
   */
  public int valueOffset(int index) {
    return offsets[index] + keyLengths[index];
  }

  /**
   * Returns the length of an entry's value.
   *
   * @param index the entry
   * @return bytes
   */
  public int valueLength(int index) {
    return offsets[index + 1] - valueOffset(index);
  }
}
