// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import dev.basalt.index.internal.TreeCheck;
import java.util.List;

/**
 * Checks trees and the page space: order, fences, links, levels, that each page has exactly one
 * owner and knows its id, and that the space map says allocated for exactly those pages.
 *
 * <p>Call {@link #verify} for every tree of the store, then {@link #verifySpace}. Nothing is
 * written. What is found is bounded by {@link #PROBLEMS_MAX}; damaged pages are problems, not
 * exceptions.
 *
 * <p><b>Concurrency.</b> Used by one thread, while no other changes the trees.
 */
public final class TreeVerifier {
  /** The most problems that are reported. */
  public static final int PROBLEMS_MAX = 1000;

  private final TreeCheck check;

  /**
   * Creates a verifier that has seen no page.
   *
   * @param space the page space
   */
  public TreeVerifier(PageSpace space) {
    check = new TreeCheck(space.pool(), space.allocator(), space.pageBytes());
  }

  /**
   * Checks a tree.
   *
   * @param tree the tree
   */
  public void verify(BTree tree) {
    check.checkTree(tree.rootId());
  }

  /**
   * Notes that the pages of a pending run belong to an operation that is under way.
   *
   * @param run the run
   */
  public void notePending(PageRun run) {
    check.claimRun(run);
  }

  /** Compares the space map with the pages of all trees seen. */
  public void verifySpace() {
    check.checkSpace();
  }

  /**
   * Returns what is wrong.
   *
   * @return the problems in the order found; empty when all is well
   */
  public List<TreeProblem> problems() {
    return check.problems();
  }

  /**
   * Returns how many keys were found.
   *
   * @return the count over all trees
   */
  public long keyCount() {
    return check.keyCount();
  }

  /**
   * Returns how many leaves were found.
   *
   * @return the count over all trees
   */
  public long leafCount() {
    return check.leafCount();
  }

  /**
   * Returns how many pages trees and overflow values use.
   *
   * @return the count
   */
  public long pageCount() {
    return check.pageCount();
  }

  /**
   * Returns how full the leaves are.
   *
   * @return the bytes in use in percent
   */
  public int leafFillPercent() {
    return check.leafFillPercent();
  }
}
