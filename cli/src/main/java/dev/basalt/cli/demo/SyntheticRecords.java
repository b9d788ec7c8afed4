// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli.demo;

import dev.basalt.engine.SortedSource;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;
import java.util.SplittableRandom;

/**
 * Records whose values can be told from their keys: 16 bytes of key, 100 of value. Of those that
 * were overwritten the value is another.
 *
 * <p><b>Concurrency.</b> Filled by one thread, then read by any.
 */
final class SyntheticRecords {
  /** Bytes of a record. */
  static final int RECORD_BYTES = 116;

  private static final int VALUE_BYTES = 100;
  private static final byte[] KEY_LABEL = "record-".getBytes(StandardCharsets.US_ASCII);
  private static final int KEY_BYTES = RECORD_BYTES - VALUE_BYTES;

  /** A prime, so that its multiples, modulo the count of records, visit all of them in no order. */
  private static final long STRIDE = Integer.MAX_VALUE;

  private final int count;
  private final BitSet overwritten = new BitSet();

  SyntheticRecords(int count) {
    this.count = count;
  }

  int count() {
    return count;
  }

  /** Returns the record at a place of an order that is none. */
  int atRandom(int place) {
    return (int) (place * STRIDE % count);
  }

  /** Notes that a record gets its other value. */
  void overwrite(int record) {
    overwritten.set(record);
  }

  static byte[] key(int record) {
    byte[] key = Arrays.copyOf(KEY_LABEL, KEY_BYTES);
    int digits = record;
    for (int i = KEY_BYTES - 1; i >= KEY_LABEL.length; i--) {
      key[i] = (byte) ('0' + digits % 10);
      digits /= 10;
    }
    return key;
  }

  /** Returns the value a record should have now. */
  byte[] value(int record) {
    byte[] value = new byte[VALUE_BYTES];
    new SplittableRandom(overwritten.get(record) ? ~record : record).nextBytes(value);
    return value;
  }

  /** Returns all records in the order of their keys. */
  SortedSource ascending() {
    return new SortedSource() {
      private int next;

      @Override
      public boolean next() {
        return next++ < count;
      }

      @Override
      public MemorySegment key() {
        return MemorySegment.ofArray(SyntheticRecords.key(next - 1));
      }

      @Override
      public MemorySegment value() {
        return MemorySegment.ofArray(SyntheticRecords.this.value(next - 1));
      }
    };
  }
}
