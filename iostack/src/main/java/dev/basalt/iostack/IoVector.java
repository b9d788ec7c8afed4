// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

/**
 * A reusable list of memory pieces for one vectored command.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time.
 */
public final class IoVector {
  /** The most pieces of one command. */
  public static final int CAPACITY_MAX = 256;

  private final long[] addresses;
  private final int[] lengthsBytes;
  private int count;
  private long totalBytes;

  /**
   * Creates an empty list.
   *
   * @param capacity the most pieces, 1 to {@link #CAPACITY_MAX}
   */
  public IoVector(int capacity) {
    if (capacity < 1 || capacity > CAPACITY_MAX) {
      throw new IllegalArgumentException(
          "capacity is " + capacity + ", needed: 1 to " + CAPACITY_MAX);
    }
    addresses = new long[capacity];
    lengthsBytes = new int[capacity];
  }

  /** Empties the list. */
  public void clear() {
    count = 0;
    totalBytes = 0;
  }

  /**
   * Appends a piece, joining it with the last one where they touch in memory.
   *
   * @param address absolute address of the piece
   * @param lengthBytes its length in bytes, above 0
   * @return false when the list is full
   */
  public boolean tryAdd(long address, int lengthBytes) {
    if (count > 0 && addresses[count - 1] + lengthsBytes[count - 1] == address) {
      lengthsBytes[count - 1] += lengthBytes;
    } else if (count < addresses.length) {
      addresses[count] = address;
      lengthsBytes[count++] = lengthBytes;
    } else {
      return false;
    }
    totalBytes += lengthBytes;
    return true;
  }

  /**
   * Returns how many pieces there are.
   *
   * @return the count
   */
  public int count() {
    return count;
  }

  /**
   * Returns the length of all pieces together.
   *
   * @return bytes
   */
  public long totalBytes() {
    return totalBytes;
  }

  /**
   * Returns where a piece is.
   *
   * @param index 0 to {@link #count} - 1
   * @return its absolute address
   */
  public long address(int index) {
    return addresses[index];
  }

  /**
   * Returns how long a piece is.
   *
   * @param index 0 to {@link #count} - 1
   * @return its length in bytes
   */
  public int lengthBytes(int index) {
    return lengthsBytes[index];
  }
}
