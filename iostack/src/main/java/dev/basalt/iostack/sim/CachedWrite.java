// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.sim;

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

  /** Applies each atomic unit of the change or leaves it, as chance decides. */
  void applyTorn(SparseBlocks target, int unitBlocks, SplittableRandom random) {
    boolean survives = false;
    for (int i = 0; i < lbaCount; i++) {
      if (i == 0 || (lba + i) % unitBlocks == 0) {
        survives = random.nextBoolean();
      }
      if (survives) {
        target.set(lba + i, block(i));
      }
    }
  }

  private byte @Nullable [] block(int index) {
    return data == null ? null : data[index];
  }
}
