// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import dev.basalt.linux.NativeMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * The pool's access to memory by absolute address: the one class of this layer that touches {@link
 * NativeMemory#ALL}. Nothing is checked; callers pass addresses inside the page region, the state
 * words or a staging buffer.
 *
 * <p>Native byte order, as in the page format. The ordered accesses need 8-byte alignment.
 */
public final class PageMemory {
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final VarHandle WORD = ValueLayout.JAVA_LONG.varHandle().withInvokeExactBehavior();

  private PageMemory() {}

  /**
   * Reads a byte.
   *
   * @param address absolute address
   * @return the byte
   */
  public static byte getByte(long address) {
    return NativeMemory.ALL.get(BYTE, address);
  }

  /**
   * Writes a byte.
   *
   * @param address absolute address
   * @param value the byte
   */
  public static void putByte(long address, byte value) {
    NativeMemory.ALL.set(BYTE, address, value);
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
   * Copies bytes between places that do not overlap.
   *
   * @param from absolute address of the source
   * @param to absolute address of the target
   * @param lengthBytes how many
   */
  public static void copy(long from, long to, long lengthBytes) {
    MemorySegment.copy(NativeMemory.ALL, from, NativeMemory.ALL, to, lengthBytes);
  }

  /**
   * Copies bytes to the heap.
   *
   * @param from absolute address of the source
   * @param to the target, filled from its start
   * @param lengthBytes how many, at most the target's length
   */
  public static void copy(long from, byte[] to, int lengthBytes) {
    MemorySegment.copy(NativeMemory.ALL, BYTE, from, to, 0, lengthBytes);
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

  static long wordAcquire(long address) {
    return (long) WORD.getAcquire(NativeMemory.ALL, address);
  }

  static long wordVolatile(long address) {
    return (long) WORD.getVolatile(NativeMemory.ALL, address);
  }

  static boolean compareAndSetWord(long address, long expected, long next) {
    return WORD.compareAndSet(NativeMemory.ALL, address, expected, next);
  }

  static long getAndAddWord(long address, long delta) {
    return (long) WORD.getAndAdd(NativeMemory.ALL, address, delta);
  }
}
