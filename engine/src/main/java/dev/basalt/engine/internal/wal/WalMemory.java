// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

import dev.basalt.linux.NativeMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Access to the log's buffers by absolute address, little-endian: the one class of this package
 * that touches the all-memory segment. Callers bound each address by the buffer it lies in.
 */
final class WalMemory {
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private WalMemory() {}

  static int getByte(long address) {
    return NativeMemory.ALL.get(BYTE, address) & 0xff;
  }

  static void putByte(long address, int value) {
    NativeMemory.ALL.set(BYTE, address, (byte) value);
  }

  static int getShort(long address) {
    return NativeMemory.ALL.get(SHORT, address) & 0xffff;
  }

  static void putShort(long address, int value) {
    NativeMemory.ALL.set(SHORT, address, (short) value);
  }

  static int getInt(long address) {
    return NativeMemory.ALL.get(INT, address);
  }

  static void putInt(long address, int value) {
    NativeMemory.ALL.set(INT, address, value);
  }

  static long getLong(long address) {
    return NativeMemory.ALL.get(LONG, address);
  }

  static void putLong(long address, long value) {
    NativeMemory.ALL.set(LONG, address, value);
  }

  static void copy(long from, long to, long bytes) {
    MemorySegment.copy(NativeMemory.ALL, from, NativeMemory.ALL, to, bytes);
  }

  static void copy(MemorySegment from, long to) {
    MemorySegment.copy(from, 0, NativeMemory.ALL, to, from.byteSize());
  }

  static void zero(long address, long bytes) {
    if (bytes > 0) {
      segment(address, bytes).fill((byte) 0);
    }
  }

  static boolean isZero(long address, int bytes) {
    for (int offset = 0; offset < bytes; offset += Long.BYTES) {
      if (getLong(address + offset) != 0) {
        return false;
      }
    }
    return true;
  }

  static MemorySegment segment(long address, long bytes) {
    return NativeMemory.ALL.asSlice(address, bytes);
  }

  /** A buffer over memory that outlives it, for {@link java.util.zip.CRC32C}. */
  static ByteBuffer view(long address, int bytes) {
    return segment(address, bytes).asByteBuffer();
  }
}
