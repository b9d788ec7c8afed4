// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import dev.basalt.index.internal.LeafMerge;
import dev.basalt.index.internal.TreeWork;
import java.io.IOException;

/**
 * Merges leaves that are about to be evicted with their siblings, where that saves a page.
 *
 * <p>For each such page: {@link #isSparse}; {@link #isOf} for the trees it may be of; for the one
 * it is of {@link #choose}, and with log space for as many steps {@link #merge}. All but the last
 * only read, and wait for nothing.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time; {@link #statistics} may be called by any.
 */
public final class LeafMerger {
  private final LeafMerge merge;
  private final TreeWork work;

  /**
   * Creates a merger.
   *
   * @param space the pages
   * @param config which leaves are merged
   */
  public LeafMerger(PageSpace space, MergeConfig config) {
    merge = new LeafMerge(space.pool(), space.pageBytes(), config);
    work = new TreeWork(space.pageBytes());
  }

  /**
   * Looks at a page, if it is in memory.
   *
   * @param pageId any page
   * @return whether it is a sparse leaf; it is the one the other methods are about then
   */
  public boolean isSparse(long pageId) {
    return merge.isSparse(pageId);
  }

  /**
   * Looks for the leaf in a tree.
   *
   * @param tree the tree
   * @return whether it is one of its leaves, below the root
   */
  public boolean isOf(BTree tree) {
    return merge.isOf(tree.core(), work);
  }

  /**
   * Chooses siblings that fit one page fewer together with the leaf.
   *
   * @param tree its tree, for which {@link #isOf} has just returned true
   * @return how many structure changes {@link #merge} takes at most; 0 when no page can be saved
   */
  public int choose(BTree tree) {
    return merge.choose(tree.core(), work);
  }

  /**
   * Merges the leaves that {@link #choose} has chosen, as far as nobody is in the way.
   *
   * @param tree the tree
   * @param steps what that has returned, above 0
   * @return whether a page was saved
   * @throws IOException when the log or the pool has failed
   */
  public boolean merge(BTree tree, int steps) throws IOException {
    return merge.merge(tree.core(), work, steps);
  }

  /**
   * Returns what was done.
   *
   * @return a snapshot, not atomic over all counters
   */
  public MergeStatistics statistics() {
    return merge.statistics();
  }
}
