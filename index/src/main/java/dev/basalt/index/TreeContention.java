// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import java.util.List;

/**
 * How much the writers of a tree got into each other's way since it was opened.
 *
 * @param sampledUpdates updates that were looked at, one of {@link ContentionConfig#sampleInterval}
 * @param contendedUpdates those of them that met another writer at their leaf
 * @param splits leaves split for it
 * @param leaves where that was, the most contended first; bounded, so that some may be missing
 */
public record TreeContention(
    long sampledUpdates, long contendedUpdates, long splits, List<ContendedLeaf> leaves) {
  /** Copies the list. */
  public TreeContention {
    leaves = List.copyOf(leaves);
  }

  /**
   * A leaf at which updates met other writers.
   *
   * @param pageId the leaf, which may have been merged since
   * @param contendedUpdates sampled updates that did
   * @param splits how often it was split for it
   * @param lowerFence the bound below its keys when it was met first; empty for the smallest key
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record ContendedLeaf(long pageId, long contendedUpdates, long splits, byte[] lowerFence) {}
}
