// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index.internal;

import dev.basalt.linux.NativeMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The index's access to memory by absolute address: the one class of this layer that touches {@link
 * NativeMemory#ALL}. Nothing is checked: callers mask offsets to their page.
 *
 * <p>Little-endian, as the page format. Comparisons read up to 7 bytes past the shorter key; pages
 * have a guard after the last one, buffers of this layer have {@link #SLACK_BYTES}.
 */
public final class IndexMemory {
  /** How far behind a key's end memory must be readable. */
  public static final int SLACK_BYTES = 16;

  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final int COPY_INLINE_BYTES_MAX = 256;

  private IndexMemory() {}

  /**
   * Reads an unsigned byte.
   *
   * @param address absolute address
   * @return 0 to 255
   */
  public static int getByte(long address) {
    return NativeMemory.ALL.get(BYTE, address) & 0xff;
  }

  /**
   * Writes a byte.
   *
   * @param address absolute address
   * @param value its low 8 bits are stored
   */
  public static void putByte(long address, int value) {
    NativeMemory.ALL.set(BYTE, address, (byte) value);
  }

  /**
   * Reads 2 bytes, unsigned.
   *
   * @param address absolute address
   * @return 0 to 65,535
   */
  public static int getShort(long address) {
    return NativeMemory.ALL.get(SHORT, address) & 0xffff;
  }

  /**
   * Writes 2 bytes.
   *
   * @param address absolute address
   * @param value its low 16 bits are stored
   */
  public static void putShort(long address, int value) {
    NativeMemory.ALL.set(SHORT, address, (short) value);
  }

  /**
   * Reads 4 bytes.
   *
   * @param address absolute address
   * @return the value
   */
  public static int getInt(long address) {
    return NativeMemory.ALL.get(INT, address);
  }

  /**
   * Writes 4 bytes.
   *
   * @param address absolute address
   * @param value the value
   */
  public static void putInt(long address, int value) {
    NativeMemory.ALL.set(INT, address, value);
  }

  /**
   * Reads 8 bytes.
   *
   * @param address absolute address
   * @return the value
   */
  public static long getLong(long address) {
    return NativeMemory.ALL.get(LONG, address);
  }

  /**
   * Writes 8 bytes.
   *
   * @param address absolute address
   * @param value the value
   */
  public static void putLong(long address, long value) {
    NativeMemory.ALL.set(LONG, address, value);
  }

  /**
   * Copies bytes. The ranges do not overlap.
   *
   * @param from absolute address of the source
   * @param to absolute address of the target
   * @param lengthBytes how many
   */
  public static void copy(long from, long to, int lengthBytes) {
    if (lengthBytes > COPY_INLINE_BYTES_MAX) {
      MemorySegment.copy(NativeMemory.ALL, from, NativeMemory.ALL, to, lengthBytes);
      return;
    }
    int done = 0;
    for (; done + 8 <= lengthBytes; done += 8) {
      putLong(to + done, getLong(from + done));
    }
    for (; done < lengthBytes; done++) {
      putByte(to + done, getByte(from + done));
    }
  }

  /**
   * Copies bytes by whole words: up to 7 bytes behind either range are read or overwritten. The
   * ranges do not overlap.
   *
   * @param from absolute address of the source
   * @param to absolute address of the target
   * @param lengthBytes how many
   */
  public static void copyWords(long from, long to, int lengthBytes) {
    if (lengthBytes > COPY_INLINE_BYTES_MAX) {
      MemorySegment.copy(NativeMemory.ALL, from, NativeMemory.ALL, to, lengthBytes);
      return;
    }
    for (int done = 0; done < lengthBytes; done += 8) {
      putLong(to + done, getLong(from + done));
    }
  }

  /**
   * Moves bytes between ranges that may overlap.
   *
   * @param from absolute address of the source
   * @param to absolute address of the target
   * @param lengthBytes how many
   */
  public static void move(long from, long to, int lengthBytes) {
    MemorySegment.copy(NativeMemory.ALL, from, NativeMemory.ALL, to, lengthBytes);
  }

  /**
   * Copies bytes out of a segment.
   *
   * @param from the source
   * @param offset where in it to start
   * @param to absolute address of the target
   * @param lengthBytes how many
   */
  public static void copyIn(MemorySegment from, long offset, long to, long lengthBytes) {
    MemorySegment.copy(from, offset, NativeMemory.ALL, to, lengthBytes);
  }

  /**
   * Copies bytes into a segment.
   *
   * @param from absolute address of the source
   * @param to the target
   * @param offset where in it to start
   * @param lengthBytes how many
   */
  public static void copyOut(long from, MemorySegment to, long offset, long lengthBytes) {
    MemorySegment.copy(NativeMemory.ALL, from, to, offset, lengthBytes);
  }

  /**
   * Fills with zeroes.
   *
   * @param address absolute address
   * @param lengthBytes how many bytes
   */
  public static void zero(long address, long lengthBytes) {
    NativeMemory.ALL.asSlice(address, lengthBytes).fill((byte) 0);
  }

  /**
   * Compares two keys: unsigned bytes, then length.
   *
   * @param a absolute address of the first
   * @param aLength its length in bytes
   * @param b absolute address of the second
   * @param bLength its length in bytes
   * @return negative, 0 or positive as the first is below, equal to or above the second
   */
  public static int compare(long a, int aLength, long b, int bLength) {
    int length = Math.min(aLength, bLength);
    for (int i = 0; i < length; i += 8) {
      long x = getLong(a + i);
      long y = getLong(b + i);
      if (x != y) {
        if (i + (Long.numberOfTrailingZeros(x ^ y) >>> 3) >= length) {
          break;
        }
        return Long.compareUnsigned(Long.reverseBytes(x), Long.reverseBytes(y));
      }
    }
    return aLength - bLength;
  }

  /**
   * Returns how many first bytes two keys share.
   *
   * @param a absolute address of the first
   * @param aLength its length in bytes
   * @param b absolute address of the second
   * @param bLength its length in bytes
   * @return 0 to the shorter length
   */
  public static int commonLength(long a, int aLength, long b, int bLength) {
    int length = Math.min(aLength, bLength);
    for (int i = 0; i < length; i += 8) {
      long difference = getLong(a + i) ^ getLong(b + i);
      if (difference != 0) {
        return Math.min(length, i + (Long.numberOfTrailingZeros(difference) >>> 3));
      }
    }
    return length;
  }
}
