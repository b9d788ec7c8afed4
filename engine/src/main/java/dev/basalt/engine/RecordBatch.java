// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import dev.basalt.index.RecordBuffer;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/**
 * Entries that a {@link Cursor} has copied with one call: a scan by batches costs a fraction of one
 * by single entries. Made once and filled again and again; filling allocates nothing but for values
 * in pages of their own (above about a quarter of a page).
 *
 * <p>Keys and values are slices of the batch's memory, which lives as long as the batch or a slice
 * is reachable, whatever becomes of cursor and store; the next filling overwrites it.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time; a filling beside another is refused.
 */
public final class RecordBatch {
  /** The most entries a batch may be made for. */
  public static final int COUNT_MAX = 1 << 20;

  private final RecordBuffer buffer;

  /**
   * Creates an empty batch.
   *
   * @param countMax the most entries of one filling, 1 to {@link #COUNT_MAX}
   * @param sizeBytes the most bytes of their keys and values, from 1. An entry that is larger by
   *     itself comes alone, and the memory grows for it
   */
  public RecordBatch(int countMax, int sizeBytes) {
    if (countMax < 1 || countMax > COUNT_MAX) {
      throw new IllegalArgumentException("count is " + countMax + ", needed: 1 to " + COUNT_MAX);
    }
    if (sizeBytes < 1) {
      throw new IllegalArgumentException("size is " + sizeBytes + " bytes, needed: from 1");
    }
    buffer = new RecordBuffer(countMax, sizeBytes);
  }

  /**
   * Returns how many entries there are.
   *
   * @return 0 before the first filling and past the end of the cursor's range
   */
  public int count() {
    return buffer.count();
  }

  /**
   * Returns the key of an entry.
   *
   * @param index 0 to {@link #count} - 1, in the order the cursor went
   * @return a read-only slice
   */
  public MemorySegment key(int index) {
    return slice(buffer.keyOffset(checked(index)), buffer.keyLength(index));
  }

  /**
   * Returns the value of an entry.
   *
   * @param index 0 to {@link #count} - 1, in the order the cursor went
   * @return a read-only slice
   */
  public MemorySegment value(int index) {
    return slice(buffer.valueOffset(checked(index)), buffer.valueLength(index));
  }

  /**
   * Returns the key of an entry.
   *
   * @param index 0 to {@link #count} - 1, in the order the cursor went
   * @return a copy
   */
  public byte[] keyBytes(int index) {
    return key(index).toArray(ValueLayout.JAVA_BYTE);
  }

  /**
   * Returns the value of an entry.
   *
   * @param index 0 to {@link #count} - 1, in the order the cursor went
   * @return a copy
   */
  public byte[] valueBytes(int index) {
    return value(index).toArray(ValueLayout.JAVA_BYTE);
  }

  /**
   * Returns the memory of all keys and values, for those who look at them in place: the offsets
   * below count from its beginning. To be asked for again after each filling.
   *
   * @return a read-only segment, overwritten by the next filling
   */
  public MemorySegment memory() {
    return buffer.memory();
  }

  /**
   * Returns where the key of an entry begins.
   *
   * @param index 0 to {@link #count} - 1, in the order the cursor went
   * @return bytes from the beginning of {@link #memory}
   */
  public int keyOffset(int index) {
    return buffer.keyOffset(checked(index));
  }

  /**
   * Returns the length of an entry's key.
   *
   * @param index 0 to {@link #count} - 1, in the order the cursor went
   * @return bytes
   */
  public int keyLength(int index) {
    return buffer.keyLength(checked(index));
  }

  /**
   * Returns where the value of an entry begins.
   *
   * @param index 0 to {@link #count} - 1, in the order the cursor went
   * @return bytes from the beginning of {@link #memory}
   */
  public int valueOffset(int index) {
    return buffer.valueOffset(checked(index));
  }

  /**
   * Returns the length of an entry's value.
   *
   * @param index 0 to {@link #count} - 1, in the order the cursor went
   * @return bytes
   */
  public int valueLength(int index) {
    return buffer.valueLength(checked(index));
  }

  private MemorySegment slice(int offset, int lengthBytes) {
    return buffer.memory().asSlice(offset, lengthBytes);
  }

  RecordBuffer buffer() {
    return buffer;
  }

  private int checked(int index) {
    return Objects.checkIndex(index, buffer.count());
  }
}
