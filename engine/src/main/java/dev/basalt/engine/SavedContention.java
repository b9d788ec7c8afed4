// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import java.util.List;

/**
 * Where writers got into each other's way in the last life of the store that had any of that, as it
 * was saved when the store was closed.
 *
 * @param leaves the most contended first; at most {@link #LEAVES_MAX}
 */
public record SavedContention(List<Leaf> leaves) {
  /** How many leaves are saved. */
  public static final int LEAVES_MAX = 8;

  /** Copies the list. */
  public SavedContention {
    leaves = List.copyOf(leaves);
  }

  /**
   * A leaf.
   *
   * @param table the name of its table
   * @param pageId its page then
   * @param contendedUpdates sampled updates that met another writer there
   * @param splits how often it was split for that
   * @param lowerFence the bound below its keys; the first 32 bytes, empty for the smallest key
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Leaf(
      String table, long pageId, long contendedUpdates, long splits, byte[] lowerFence) {}
}
