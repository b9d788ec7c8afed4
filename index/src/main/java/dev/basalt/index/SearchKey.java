// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import dev.basalt.index.internal.IndexMemory;
import dev.basalt.index.internal.TreeWork;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * A key in native memory, and the working memory of the operations it is passed to. Reusable: one
 * per thread or operation slot, so that operations allocate nothing.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time. Its memory is freed with the object.
 */
public final class SearchKey {
  /**
   * The longest key in bytes. Two fences and a record of this size fit a page of 4 KiB, so every
   * full node can be divided.
   */
  public static final int LENGTH_BYTES_MAX = 1000;

  private final MemorySegment memory =
      Arena.ofAuto().allocate(LENGTH_BYTES_MAX + IndexMemory.SLACK_BYTES, 8);
  private int lengthBytes;
  private @Nullable TreeWork work;

  /** Creates the empty key. */
  public SearchKey() {}

  /**
   * Takes a copy of a key.
   *
   * @param key the key
   * @return this
   * @throws IllegalArgumentException when it is longer than {@link #LENGTH_BYTES_MAX}
   */
  public SearchKey set(byte[] key) {
    checkLength(key.length);
    MemorySegment.copy(key, 0, memory, ValueLayout.JAVA_BYTE, 0, key.length);
    lengthBytes = key.length;
    return this;
  }

  /**
   * Takes a copy of a key.
   *
   * @param key the key
   * @return this
   * @throws IllegalArgumentException when it is longer than {@link #LENGTH_BYTES_MAX}
   */
  public SearchKey set(MemorySegment key) {
    checkLength(key.byteSize());
    IndexMemory.copyIn(key, 0, memory.address(), key.byteSize());
    lengthBytes = (int) key.byteSize();
    return this;
  }

  /**
   * Takes a copy of a key by its absolute address.
   *
   * @param address where it is
   * @param length its length in bytes
   * @return this
   * @throws IllegalArgumentException when it is longer than {@link #LENGTH_BYTES_MAX}
   */
  public SearchKey set(long address, int length) {
    checkLength(length);
    IndexMemory.copy(address, memory.address(), length);
    lengthBytes = length;
    return this;
  }

  /**
   * Makes room for a key, whose bytes the caller stores.
   *
   * @param length its length in bytes
   * @return absolute address of the key
   * @throws IllegalArgumentException when it is longer than {@link #LENGTH_BYTES_MAX}
   */
  public long reserve(int length) {
    checkLength(length);
    lengthBytes = length;
    return memory.address();
  }

  /**
   * Returns where the key is.
   *
   * @return absolute address, the same for this object's life
   */
  public long address() {
    return memory.address();
  }

  /**
   * Returns how long the key is.
   *
   * @return bytes
   */
  public int lengthBytes() {
    return lengthBytes;
  }

  /**
   * Returns a copy of the key.
   *
   * @return the bytes
   */
  public byte[] toByteArray() {
    return memory.asSlice(0, lengthBytes).toArray(ValueLayout.JAVA_BYTE);
  }

  TreeWork work(int pageBytes) {
    TreeWork present = work;
    if (present == null || present.pageBytes() != pageBytes) {
      present = new TreeWork(pageBytes);
      work = present;
    }
    return present;
  }

  /**
   * Checks the length of a key, before anything is logged that could not be applied.
   *
   * @param length in bytes
   * @throws IllegalArgumentException when it is longer than {@link #LENGTH_BYTES_MAX}
   */
  public static void checkLength(long length) {
    if (length < 0 || length > LENGTH_BYTES_MAX) {
      throw new IllegalArgumentException(
          "key length is " + length + " bytes, limit " + LENGTH_BYTES_MAX);
    }
  }
}
