// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.lang.foreign.MemorySegment;

/**
 * Keys as the objects that stores of the heap order: numbers as {@code Long}, shifted so that its
 * order is that of the bytes; others as arrays.
 *
 * @param <K> the class of the objects
 */
sealed interface HeapKeys<K> {
  /** The object of a key. */
  K of(long key);

  /** Tells whether a value found with a key is that key's. */
  boolean isRecord(K key, byte[] value);

  /** What is stored. */
  static byte[] value(long key) {
    byte[] value = new byte[Records.VALUE_BYTES];
    Records.setValue(MemorySegment.ofArray(value), key);
    return value;
  }

  /** Numbers. */
  record Longs() implements HeapKeys<Long> {
    @Override
    public Long of(long key) {
      return key ^ Long.MIN_VALUE;
    }

    @Override
    public boolean isRecord(Long key, byte[] value) {
      return Records.isValueOf(MemorySegment.ofArray(value), key ^ Long.MIN_VALUE);
    }
  }

  /** Arrays. */
  record Arrays(Keys keys) implements HeapKeys<byte[]> {
    @Override
    public byte[] of(long key) {
      return keys.bytes(key);
    }

    @Override
    public boolean isRecord(byte[] key, byte[] value) {
      return keys.isRecord(MemorySegment.ofArray(key), MemorySegment.ofArray(value));
    }
  }
}
