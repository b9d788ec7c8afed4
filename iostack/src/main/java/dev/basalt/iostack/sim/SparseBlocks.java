// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.sim;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The blocks of a simulated device on the heap; those never written take no room. A stored block is
 * never changed, so that copies share it.
 *
 * <p><b>Concurrency.</b> Guarded by the device's monitor.
 */
final class SparseBlocks {
  private static final int CHUNK_BITS = 9;
  private static final int CHUNK_LENGTH = 1 << CHUNK_BITS;

  /** The most blocks. */
  static final long COUNT_MAX = 1L << CHUNK_BITS + 26;

  private byte[] @Nullable [] @Nullable [] chunks;

  SparseBlocks() {
    chunks = new byte[16][][];
  }

  /** Creates a copy. */
  SparseBlocks(SparseBlocks other) {
    chunks = other.chunks.clone();
    for (int i = 0; i < chunks.length; i++) {
      byte[][] chunk = chunks[i];
      if (chunk != null) {
        chunks[i] = chunk.clone();
      }
    }
  }

  /** Returns a block's content, or null for zeroes. */
  byte @Nullable [] get(long lba) {
    int index = (int) (lba >>> CHUNK_BITS);
    byte[][] chunk = index < chunks.length ? chunks[index] : null;
    return chunk == null ? null : chunk[(int) lba & CHUNK_LENGTH - 1];
  }

  /** Sets a block's content, null for zeroes. The array is not to be changed any more. */
  void set(long lba, byte @Nullable [] block) {
    int index = (int) (lba >>> CHUNK_BITS);
    if (index >= chunks.length) {
      chunks = Arrays.copyOf(chunks, Math.max(index + 1, 2 * chunks.length));
    }
    byte[][] chunk = chunks[index];
    if (chunk == null) {
      if (block == null) {
        return;
      }
      chunk = new byte[CHUNK_LENGTH][];
      chunks[index] = chunk;
    }
    chunk[(int) lba & CHUNK_LENGTH - 1] = block;
  }
}
