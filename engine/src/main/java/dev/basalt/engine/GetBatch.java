// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import dev.basalt.engine.internal.GetBuffer;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Keys that are read with one call, {@link Table#get(GetBatch)}, and the values found: what is not
 * in memory is read from the device together. Made once and used again and again; a call allocates
 * nothing but for waits, for values in pages of their own (above about a quarter of a page), and
 * when the batch needs more memory than ever before.
 *
 * <p>Values are slices of the batch's memory, which lives as long as the batch or a slice is
 * reachable, whatever becomes of the store; the next call may overwrite it.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time.
 */
public final class GetBatch {
  /** The most keys a batch may be made for. */
  public static final int COUNT_MAX = 1 << 20;

  private static final int RECORD_BYTES = 128;

  private final GetBuffer buffer;
  private final int countMax;

  /**
   * Creates an empty batch.
   *
   * @param countMax the most keys, 1 to {@link #COUNT_MAX}
   */
  public GetBatch(int countMax) {
    if (countMax < 1 || countMax > COUNT_MAX) {
      throw new IllegalArgumentException("count is " + countMax + ", needed: 1 to " + COUNT_MAX);
    }
    this.countMax = countMax;
    buffer = new GetBuffer(countMax, (long) countMax * RECORD_BYTES);
  }

  /**
   * Adds a key; the values of an earlier call are gone. The same key may be added again.
   *
   * @param key 0 to {@link Table#KEY_BYTES_MAX} bytes, copied
   * @return this
   * @throws IllegalStateException when there are as many keys as the batch was made for
   */
  public GetBatch add(byte[] key) {
    return add(MemorySegment.ofArray(key));
  }

  /**
   * Adds a key; the values of an earlier call are gone. The same key may be added again.
   *
   * @param key 0 to {@link Table#KEY_BYTES_MAX} bytes, copied
   * @return this
   * @throws IllegalStateException when there are as many keys as the batch was made for
   */
  public GetBatch add(MemorySegment key) {
    if (key.byteSize() > Table.KEY_BYTES_MAX) {
      throw new IllegalArgumentException(
          "key length is " + key.byteSize() + " bytes, limit " + Table.KEY_BYTES_MAX);
    }
    if (!buffer.tryAdd(key)) {
      throw new IllegalStateException("the batch has " + countMax + " keys, its limit");
    }
    return this;
  }

  /** Removes all keys and values. */
  public void clear() {
    buffer.clear();
  }

  /**
   * Returns how many keys there are.
   *
   * @return 0 to what the batch was made for
   */
  public int count() {
    return buffer.count();
  }

  /**
   * Tells whether the last call found a key.
   *
   * @param index 0 to {@link #count} - 1, in the order the keys were added
   * @return false when it was not there, or there was no call since a key was added
   */
  public boolean isFound(int index) {
    return buffer.isFound(Objects.checkIndex(index, buffer.count()));
  }

  /**
   * Returns the value of a key that was found.
   *
   * @param index 0 to {@link #count} - 1, in the order the keys were added
   * @return a read-only slice
   * @throws IllegalStateException when it was not found
   */
  public MemorySegment value(int index) {
    if (!isFound(index)) {
      throw new IllegalStateException("key " + index + " was not found");
    }
    return buffer.value(index).asReadOnly();
  }

  /**
   * Returns the value of a key.
   *
   * @param index 0 to {@link #count} - 1, in the order the keys were added
   * @return a copy, or null when the key was not found
   */
  public byte @Nullable [] valueBytes(int index) {
    return isFound(index) ? buffer.value(index).toArray(ValueLayout.JAVA_BYTE) : null;
  }

  GetBuffer buffer() {
    return buffer;
  }
}
