// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.sim;

import java.util.Arrays;
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

  /**
   * Takes each atomic unit of the change or leaves it, as chance decides. A unit stays one change:
   * what survives the end of a process must not be torn within a unit by a later power cut.
   */
  void tear(int unitBlocks, SplittableRandom random, List<CachedWrite> survivors) {
    int from = 0;
    while (from < lbaCount) {
      int limit = (int) Math.min(lbaCount, from + unitBlocks - (lba + from) % unitBlocks);
      if (random.nextBoolean()) {
        byte[][] part = data == null ? null : Arrays.copyOfRange(data, from, limit);
        survivors.add(new CachedWrite(number, lba + from, limit - from, part));
      }
      from = limit;
    }
  }

  private byte @Nullable [] block(int index) {
    return data == null ? null : data[index];
  }
}
