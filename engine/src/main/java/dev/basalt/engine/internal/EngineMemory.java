// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import dev.basalt.linux.NativeMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Access to keys and values by absolute address: the one class of this package that touches the
 * all-memory segment. Callers own the memory, and know its length from who gave it to them.
 */
final class EngineMemory {
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private EngineMemory() {}

  static long getLong(long address) {
    return NativeMemory.ALL.get(LONG, address);
  }

  static void putLong(long address, long value) {
    NativeMemory.ALL.set(LONG, address, value);
  }

  /** Memory as a segment, for those who take nothing else. */
  static MemorySegment segment(long address, long bytes) {
    return NativeMemory.ALL.asSlice(address, bytes);
  }

  static byte[] bytes(long address, int length) {
    byte[] copy = new byte[length];
    MemorySegment.copy(NativeMemory.ALL, ValueLayout.JAVA_BYTE, address, copy, 0, length);
    return copy;
  }

  /** Copies to a segment as far as it reaches. */
  static void copyOut(long address, long length, MemorySegment target) {
    MemorySegment.copy(NativeMemory.ALL, address, target, 0, Math.min(length, target.byteSize()));
  }

  /** Bytes as a string that is equal for equal bytes. */
  static String latin1(long address, int length) {
    return new String(bytes(address, length), StandardCharsets.ISO_8859_1);
  }

  /** Compares keys, unsigned. */
  static int compare(MemorySegment a, MemorySegment b) {
    long at = a.mismatch(b);
    if (at < 0) {
      return 0;
    }
    if (at == a.byteSize() || at == b.byteSize()) {
      return Long.compare(a.byteSize(), b.byteSize());
    }
    return Byte.compareUnsigned(a.get(ValueLayout.JAVA_BYTE, at), b.get(ValueLayout.JAVA_BYTE, at));
  }
}
