// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import dev.basalt.index.internal.IndexMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A value in native memory, or a reference to one in overflow pages. Reusable; grows as needed.
 *
 * <pre>
 * reference: 0               8                16        24             28     32
 *            +---------------+----------------+---------+--------------+------+
 *            | value bytes   | first page id  | run LSN | CRC32C       | 0    |
 *            +---------------+----------------+---------+--------------+------+
 * </pre>
 *
 * <p><b>Concurrency.</b> Used by one thread at a time. Its memory is freed with the object; memory
 * it wraps belongs to the caller.
 */
public final class ValueBuffer {
  /** Bytes of a reference to overflow pages. */
  public static final int REFERENCE_BYTES = 32;

  private MemorySegment memory = Arena.ofAuto().allocate(1024, 8);
  private long address = memory.address();
  private int lengthBytes;
  private boolean isReference;

  /** Creates the empty value. */
  public ValueBuffer() {}

  /**
   * Makes room for an inline value, whose content the caller stores.
   *
   * @param length its length in bytes
   * @return absolute address of the value
   */
  public long reserve(int length) {
    if (length > memory.byteSize()) {
      memory = Arena.ofAuto().allocate(Math.max(length, 2 * memory.byteSize()), 8);
    }
    address = memory.address();
    lengthBytes = length;
    isReference = false;
    return address;
  }

  /**
   * Takes a copy of a value.
   *
   * @param value the value
   * @return this
   */
  public ValueBuffer set(byte[] value) {
    reserve(value.length);
    MemorySegment.copy(value, 0, memory, ValueLayout.JAVA_BYTE, 0, value.length);
    return this;
  }

  /**
   * Takes a copy of a value.
   *
   * @param value the value
   * @return this
   */
  public ValueBuffer set(MemorySegment value) {
    IndexMemory.copyIn(value, 0, reserve((int) value.byteSize()), value.byteSize());
    return this;
  }

  /**
   * Stands for a value in memory of the caller, without a copy.
   *
   * @param at its absolute address, good until the next change of this buffer
   * @param length its length in bytes
   * @param reference whether those bytes are a reference to overflow pages
   * @return this
   */
  public ValueBuffer wrap(long at, int length, boolean reference) {
    if (reference && length != REFERENCE_BYTES) {
      throw new IllegalArgumentException("a reference has " + length + " bytes");
    }
    address = at;
    lengthBytes = length;
    isReference = reference;
    return this;
  }

  /**
   * Takes a copy of a value or reference.
   *
   * @param from its absolute address
   * @param length its length in bytes
   * @param reference whether those bytes are a reference to overflow pages
   */
  public void copyFrom(long from, int length, boolean reference) {
    IndexMemory.copy(from, reserve(length), length);
    isReference = reference;
  }

  /**
   * Becomes a reference.
   *
   * @param valueBytes length of the value
   * @param firstPageId the first page of its run
   * @param runLsn LSN of the run
   * @param crc CRC32C of the value
   */
  public void setReference(long valueBytes, long firstPageId, long runLsn, int crc) {
    long to = reserve(REFERENCE_BYTES);
    IndexMemory.putLong(to, valueBytes);
    IndexMemory.putLong(to + 8, firstPageId);
    IndexMemory.putLong(to + 16, runLsn);
    IndexMemory.putInt(to + 24, crc);
    IndexMemory.putInt(to + 28, 0);
    isReference = true;
  }

  /**
   * Tells whether this is a reference to overflow pages.
   *
   * @return false for an inline value
   */
  public boolean isReference() {
    return isReference;
  }

  /**
   * Returns where the inline value or the reference is.
   *
   * @return absolute address
   */
  public long address() {
    return address;
  }

  /**
   * Returns how long the inline value is; {@link #REFERENCE_BYTES} for a reference.
   *
   * @return bytes
   */
  public int lengthBytes() {
    return lengthBytes;
  }

  /**
   * Returns how long the value is, wherever it is.
   *
   * @return bytes
   */
  public long valueBytes() {
    return isReference ? IndexMemory.getLong(address) : lengthBytes;
  }

  /**
   * Returns the first page of a reference.
   *
   * @return its page id
   */
  public long firstPageId() {
    return IndexMemory.getLong(address + 8);
  }

  /**
   * Returns the run of a reference.
   *
   * @return LSN of the record that allocated it
   */
  public long runLsn() {
    return IndexMemory.getLong(address + 16);
  }

  /**
   * Returns the checksum in a reference.
   *
   * @return CRC32C of the value
   */
  public int crc() {
    return IndexMemory.getInt(address + 24);
  }

  /**
   * Returns a copy of the inline value or the reference.
   *
   * @return the bytes
   */
  public byte[] toByteArray() {
    byte[] copy = new byte[lengthBytes];
    IndexMemory.copyOut(address, MemorySegment.ofArray(copy), 0, lengthBytes);
    return copy;
  }
}
