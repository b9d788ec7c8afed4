// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.sim;

import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * A change that a power cut may still undo.
 *
 * @param number of the changes executed before it
 * @param lba the first block
 * @param lbaCount how many blocks
 * @param data the blocks, or null for zeroes
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared.
record CachedWrite(long number, long lba, long lbaCount, byte @Nullable [][] data) {
  /** Applies the whole change. */
  void apply(SparseBlocks target) {
    for (int i = 0; i < lbaCount; i++) {
      target.set(lba + i, block(i));
    }
  }

  /** Returns the same change with another number. */
  CachedWrite numbered(long changed) {
    return new CachedWrite(changed, lba, lbaCount, data);
  }

  /** Takes each atomic unit of the change or leaves it, as chance decides; a block at a time. */
  void tear(int unitBlocks, SplittableRandom random, List<CachedWrite> survivors) {
    boolean survives = false;
    for (int i = 0; i < lbaCount; i++) {
      if (i == 0 || (lba + i) % unitBlocks == 0) {
        survives = random.nextBoolean();
      }
      if (survives) {
        byte[] block = block(i);
        byte[][] blocks = block == null ? null : new byte[][] {block};
        survivors.add(new CachedWrite(number, lba + i, 1, blocks));
      }
    }
  }

  private byte @Nullable [] block(int index) {
    return data == null ? null : data[index];
  }
}
