// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The records of all key-value benchmarks: 8-byte keys that are a scrambled counter, and 120-byte
 * values that begin with their key.
 */
public final class Records {
  /** Bytes of a key. */
  public static final int KEY_BYTES = 8;

  /** Bytes of a value. */
  public static final int VALUE_BYTES = 120;

  static final int RECORD_BYTES = KEY_BYTES + VALUE_BYTES;

  /** Big-endian, so that the order of the bytes is the order of the numbers. */
  public static final ValueLayout.OfLong KEY =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  private Records() {}

  /**
   * Returns the key of a record. One to one (the finaliser of MurmurHash3), so that no two records
   * share a key and keys in the order of their indexes are in random order.
   *
   * @param index the record, from 0
   */
  public static long key(long index) {
    long mixed = index;
    mixed = (mixed ^ mixed >>> 33) * 0xff51afd7ed558ccdL;
    mixed = (mixed ^ mixed >>> 33) * 0xc4ceb9fe1a85ec53L;
    return mixed ^ mixed >>> 33;
  }

  /** Returns the keys of the first records, in random order. */
  static long[] keys(int count) {
    long[] keys = new long[count];
    Arrays.setAll(keys, Records::key);
    return keys;
  }

  /** Returns the keys of the first records in the order of a store. */
  static long[] keysInOrder(int count) {
    long[] keys = keys(count);
    Arrays.setAll(keys, index -> keys[index] ^ Long.MIN_VALUE); // as signed numbers
    Arrays.sort(keys);
    Arrays.setAll(keys, index -> keys[index] ^ Long.MIN_VALUE);
    return keys;
  }

  /** Writes a key to the start of a segment. */
  public static void setKey(MemorySegment segment, long key) {
    segment.set(KEY, 0, key);
  }

  static void setValue(MemorySegment segment, long key) {
    segment.set(KEY, 0, key);
    segment.set(KEY, VALUE_BYTES - KEY_BYTES, ~key);
  }

  /** Tells whether a value is the one of a key; a benchmark that reads rubbish is none. */
  static boolean isValueOf(MemorySegment segment, long key) {
    return isValueOf(segment, 0, key);
  }

  /** The same for a value within a segment. */
  static boolean isValueOf(MemorySegment segment, long offset, long key) {
    return segment.get(KEY, offset) == key
        && segment.get(KEY, offset + VALUE_BYTES - KEY_BYTES) == ~key;
  }

  /** The next state of a 64-bit xorshift generator; never 0. */
  public static long nextRandom(long state) {
    long next = state;
    next ^= next << 13;
    next ^= next >>> 7;
    return next ^ next << 17;
  }

  /** A number below a bound from a random one, without division (Lemire's reduction). */
  public static long below(long random, long bound) {
    return Math.unsignedMultiplyHigh(random * 0x9E3779B97F4A7C15L, bound);
  }
}
