// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import dev.basalt.linux.NativeMemory;
import java.lang.foreign.MemorySegment;

/**
 * The one place of the back ends that touches memory by absolute address. Callers have checked
 * their ranges: a copy by its queue pair's limits, the rest by their own arithmetic.
 */
public final class TransferMemory {
  private TransferMemory() {}

  /**
   * Copies.
   *
   * @param from absolute address
   * @param to absolute address
   * @param lengthBytes how much
   */
  public static void copy(long from, long to, long lengthBytes) {
    MemorySegment.copy(NativeMemory.ALL, from, NativeMemory.ALL, to, lengthBytes);
  }

  /**
   * Copies.
   *
   * @param from absolute address
   * @param to a segment
   * @param lengthBytes how much
   */
  public static void copy(long from, MemorySegment to, long lengthBytes) {
    MemorySegment.copy(NativeMemory.ALL, from, to, 0, lengthBytes);
  }

  /**
   * Copies.
   *
   * @param from a segment
   * @param to absolute address
   * @param lengthBytes how much
   */
  public static void copy(MemorySegment from, long to, long lengthBytes) {
    MemorySegment.copy(from, 0, NativeMemory.ALL, to, lengthBytes);
  }

  /**
   * Fills with zeroes.
   *
   * @param address absolute address
   * @param lengthBytes how much
   */
  public static void zero(long address, long lengthBytes) {
    NativeMemory.ALL.asSlice(address, lengthBytes).fill((byte) 0);
  }

  /**
   * Reads 8 bytes.
   *
   * @param address absolute address
   * @return the value
   */
  public static long getLong(long address) {
    return NativeMemory.ALL.get(JAVA_LONG_UNALIGNED, address);
  }

  /**
   * Writes 8 bytes.
   *
   * @param address absolute address
   * @param value the value
   */
  public static void putLong(long address, long value) {
    NativeMemory.ALL.set(JAVA_LONG_UNALIGNED, address, value);
  }
}
