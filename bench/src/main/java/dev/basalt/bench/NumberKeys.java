// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** Keys of 8 bytes, the scrambled counter of {@link Records}; records beyond the count are new. */
record NumberKeys(int count) implements Keys {
  static final String SOURCE = "numbers";

  @Override
  public int sizeMax() {
    return Records.KEY_BYTES;
  }

  @Override
  public long bytes() {
    return (long) count * Records.KEY_BYTES;
  }

  @Override
  public long key(long record) {
    return Records.key(record);
  }

  @Override
  public long[] atRandom() {
    return Records.keys(count);
  }

  @Override
  public long[] inOrder() {
    return Records.keysInOrder(count);
  }

  @Override
  public int write(long key, MemorySegment target) {
    Records.setKey(target, key);
    return Records.KEY_BYTES;
  }

  @Override
  public boolean isRecord(MemorySegment key, MemorySegment value) {
    return Records.isValueOf(value, key.get(Records.KEY, 0));
  }

  @Override
  public boolean isRecord(MemorySegment records, int keyOffset, int keyLength, int valueOffset) {
    return Records.isValueOf(records, valueOffset, records.get(Records.KEY, keyOffset));
  }

  @Override
  public boolean isRecord(ByteBuffer key, ByteBuffer value) {
    long found = key.getLong(0);
    return value.getLong(0) == found
        && value.getLong(Records.VALUE_BYTES - Records.KEY_BYTES) == ~found;
  }
}
