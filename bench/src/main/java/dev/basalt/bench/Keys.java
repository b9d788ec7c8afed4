// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * The keys of the records of a run. A key is named by a number; what bytes that stands for, these
 * classes know. Values begin with the number and end with its complement, as {@link Records} says.
 *
 * <p><b>Concurrency.</b> Any thread.
 */
sealed interface Keys permits NumberKeys, TextKeys {
  /**
   * Makes keys.
   *
   * @param source {@code numbers}, or a file that {@link TextKeys} reads
   * @param countMax how many, where the file has as many
   */
  static Keys of(String source, int countMax) throws IOException {
    return source.equals(NumberKeys.SOURCE)
        ? new NumberKeys(countMax)
        : TextKeys.read(Path.of(source), countMax);
  }

  /** How many records are loaded. */
  int count();

  /** Bytes of the longest key. */
  int sizeMax();

  /** Bytes of all loaded keys. */
  long bytes();

  /** The key of a record below {@link #count}, in random order. */
  long key(long record);

  /** All keys in random order. */
  long[] atRandom();

  /** All keys in the order of a store. */
  long[] inOrder();

  /** Writes the bytes of a key to the start of a segment; returns how many. */
  int write(long key, MemorySegment target);

  /** Tells whether a value found with a key is that key's. */
  boolean isRecord(MemorySegment key, MemorySegment value);

  /** The same for a key and a value within a segment. */
  boolean isRecord(MemorySegment records, int keyOffset, int keyLength, int valueOffset);

  /** The same, between position and limit of buffers. */
  boolean isRecord(ByteBuffer key, ByteBuffer value);

  /** The bytes of a key in an array of their size. */
  default byte[] bytes(long key) {
    byte[] whole = new byte[sizeMax()];
    int size = write(key, MemorySegment.ofArray(whole));
    return size == whole.length ? whole : Arrays.copyOf(whole, size);
  }

  /** The bytes of a key at the start of a segment that has room for the longest. */
  default MemorySegment in(MemorySegment segment, long key) {
    int size = write(key, segment);
    return size == segment.byteSize() ? segment : segment.asSlice(0, size);
  }
}
