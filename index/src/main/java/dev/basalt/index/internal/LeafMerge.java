// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index.internal;

import dev.basalt.bufferpool.BufferPool;
import dev.basalt.index.MergeConfig;
import dev.basalt.index.MergeStatistics;
import dev.basalt.index.SearchKey;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.LongAdder;

/**
 * Merges of sparse leaves with their siblings where that saves a page, after LeanStore's XMerge
 * (Alhomssi and Leis, "Contention and Space Management in B-Trees", CIDR 2021).
 *
 * <p>Of the leaves chosen, each is filled with the first records of the next, from left to right,
 * until the last two fit one page. Each of that is a structure step of its own over two leaves and
 * their parent, like a split; so nobody waits longer than for a split, and between any two the tree
 * is whole. Latches are tried, never waited for, but for those of the space map: whoever is in the
 * way ends the merge.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time; the statistics may be read by any.
 */
public final class LeafMerge {
  /** How many separators are tried where the first one chosen does not fit. */
  private static final int FITS_MAX = 8;

  private static final int KEY_BYTES_MAX = SearchKey.LENGTH_BYTES_MAX;

  /** What became of a step. */
  private enum Outcome {
    FULL,
    MOVED,
    MERGED,
    GIVEN_UP
  }

  private final BufferPool pool;
  private final MergeConfig config;
  private final int pageBytes;
  private final int capacity;
  private final int sparseBytes;
  private final MergeWindow window;
  private final MemorySegment memory;

  /** The key that the next step begins with: first the leaf's lower fence, then separators. */
  private final long key;

  private int keyLength;
  private long pageId;

  /** The leaves of a step that were about to be evicted. */
  private final long[] unused = new long[2];

  private int unusedCount;
  private final LongAdder sparseLeaves = new LongAdder();
  private final LongAdder merges = new LongAdder();
  private final LongAdder moves = new LongAdder();
  private final LongAdder givenUp = new LongAdder();

  /**
   * Creates it for all trees of a pool.
   *
   * @param pool the pages
   * @param pageBytes the page size
   * @param config which leaves are merged
   */
  public LeafMerge(BufferPool pool, int pageBytes, MergeConfig config) {
    this.pool = pool;
    this.pageBytes = pageBytes;
    this.config = config;
    capacity = NodeFit.capacity(pageBytes);
    sparseBytes = capacity * config.belowPercent() / 100;
    window = new MergeWindow(pageBytes);
    memory = Arena.ofAuto().allocate(KEY_BYTES_MAX + IndexMemory.SLACK_BYTES, 8);
    key = memory.address();
  }

  /**
   * Looks at a page, if it is in memory.
   *
   * @param id any page
   * @return whether it is a sparse leaf; it is the one the other methods are about then
   */
  public boolean isSparse(long id) {
    long token = pool.tryOptimistic(id);
    if (token == BufferPool.NOT_RESIDENT) {
      return false;
    }
    long leaf = pool.address(id);
    int usedBytes = capacity - Node.freeBytes(leaf, pageBytes);
    boolean isSparse = usedBytes < sparseBytes && !MergeWindow.mayGrow(token, usedBytes, pageBytes);
    if (!isSparse || !Node.isNode(leaf) || Node.level(leaf) > 0) {
      return false;
    }
    int length = Node.lowerLength(leaf);
    int offset = Node.lowerOffset(leaf, pageBytes);
    if (length > KEY_BYTES_MAX || offset + length > pageBytes) {
      return false;
    }
    IndexMemory.copy(leaf + offset, key, length);
    if (!pool.validate(id, token)) {
      return false;
    }
    keyLength = length;
    pageId = id;
    return true;
  }

  /**
   * Finds the leaf in a tree.
   *
   * @param core the tree
   * @param work working memory
   * @return whether it is a leaf of that tree, below its root
   */
  public boolean isOf(TreeCore core, TreeWork work) {
    return tryFindParent(core, work)
        && Node.child(pool.address(work.parent), pageBytes, work.position) == pageId
        && pool.validate(work.parent, work.parentToken);
  }

  /**
   * Chooses the siblings to merge the leaf with.
   *
   * @param core its tree, for which {@link #isOf} has just returned true
   * @param work working memory
   * @return how many structure steps {@link #merge} takes at most; 0 when no page can be saved
   */
  public int choose(TreeCore core, TreeWork work) {
    sparseLeaves.increment();
    int siblingsMax = config.siblingsMax();
    if (!window.read(core, work, pageId, siblingsMax)) {
      return 0;
    }
    int width = window.choose(pool, work.position, siblingsMax);
    if (width == 0 || window.isSpared(core.contention)) {
      return 0;
    }
    long parent = pool.address(work.parent);
    int length = NodeEdit.tryCopyKey(parent, pageBytes, window.firstPosition(), key);
    if (length < 0 || !pool.validate(work.parent, work.parentToken)) {
      return 0;
    }
    keyLength = length;
    return width - 1;
  }

  /**
   * Merges the leaves that {@link #choose} has chosen, as far as nobody is in the way.
   *
   * @param core the tree
   * @param work working memory
   * @param steps what that has returned
   * @return whether a page was saved
   * @throws IOException when the log or the pool has failed
   */
  public boolean merge(TreeCore core, TreeWork work, int steps) throws IOException {
    boolean isMerged = false;
    try {
      isMerged = tryMerge(core, work, steps);
    } finally {
      (isMerged ? merges : givenUp).increment();
    }
    return isMerged;
  }

  private boolean tryMerge(TreeCore core, TreeWork work, int steps) throws IOException {
    for (int i = 0; i < steps; i++) {
      switch (tryStep(core, work)) {
        case MERGED -> {
          return true;
        }
        case GIVEN_UP -> {
          return false;
        }
        case MOVED -> moves.increment();
        case FULL -> {}
      }
    }
    return false;
  }

  /**
   * Returns what was done.
   *
   * @return a snapshot, not atomic over all counters
   */
  public MergeStatistics statistics() {
    return new MergeStatistics(sparseLeaves.sum(), merges.sum(), moves.sum(), givenUp.sum());
  }

  /** Descends to the parent of the leaf of the key, through pages in memory only. */
  private boolean tryFindParent(TreeCore core, TreeWork work) {
    long page = core.rootId;
    long token = pool.tryOptimistic(page);
    for (int depth = 0; depth < TreeCore.LEVELS_MAX && token != BufferPool.NOT_RESIDENT; depth++) {
      long node = pool.address(page);
      int level = Node.level(node);
      int position = NodeSearch.childPosition(node, pageBytes, key, keyLength);
      long child = Node.child(node, pageBytes, position);
      if (level == 0 || !pool.validate(page, token)) {
        return false;
      }
      if (level == 1) {
        work.parent = page;
        work.parentToken = token;
        work.position = position;
        return true;
      }
      long childToken =
          child > 0 && child < core.allocator.limit()
              ? pool.tryOptimistic(child)
              : BufferPool.NOT_RESIDENT;
      if (!pool.validate(page, token)) {
        return false;
      }
      page = child;
      token = childToken;
    }
    return false;
  }

  /** Fills the leaf below the key from the leaf that begins with it, or joins the two. */
  private Outcome tryStep(TreeCore core, TreeWork work) throws IOException {
    if (!tryFindParent(core, work) || work.position == 0) {
      return Outcome.GIVEN_UP;
    }
    StructureStep step = work.step;
    step.begin(pool, core.log);
    unusedCount = 0;
    Outcome outcome = Outcome.GIVEN_UP;
    boolean isParentSparse = false;
    try {
      if (tryLatch(work, step)) {
        outcome = joinOrFill(core, work, step);
        isParentSparse = outcome == Outcome.MERGED && core.structure.isParentSparse(work);
      }
    } finally {
      step.end();
      leaveUnused();
    }
    if (isParentSparse) {
      core.structure.mergeUpwards(work, key, keyLength, 1);
    }
    return outcome;
  }

  /** Latches parent, left and right leaf if they can be had at once; {@code work.page} is right. */
  private boolean tryLatch(TreeWork work, StructureStep step) {
    long parent = pool.address(work.parent);
    long left = Node.child(parent, pageBytes, work.position - 1);
    long right = Node.child(parent, pageBytes, work.position);
    if (!tryAdopt(step, work.parent, work.parentToken)
        || NodeSearch.find(parent, pageBytes, key, keyLength) != work.position - 1) {
      return false;
    }
    work.page = right;
    return tryAdoptLeaf(step, left) && tryAdoptLeaf(step, right);
  }

  /** A merge is no use of a leaf: one that is about to be evicted is so afterwards. */
  private boolean tryAdoptLeaf(StructureStep step, long page) {
    boolean isUnused = pool.passing().isUnused(page);
    if (!tryAdopt(step, page, pool.tryOptimistic(page))) {
      return false;
    }
    if (isUnused) {
      unused[unusedCount++] = page;
    }
    return true;
  }

  private void leaveUnused() {
    for (int i = 0; i < unusedCount; i++) {
      pool.passing().leave(unused[i]);
    }
  }

  private boolean tryAdopt(StructureStep step, long page, long token) {
    if (token == BufferPool.NOT_RESIDENT || !pool.tryUpgrade(page, token)) {
      return false;
    }
    step.adopt(page);
    return true;
  }

  private Outcome joinOrFill(TreeCore core, TreeWork work, StructureStep step) throws IOException {
    TreeStructure structure = core.structure;
    long left = Node.child(pool.address(work.parent), pageBytes, work.position - 1);
    long right = pool.address(work.page);
    if (NodeFit.mergedBytes(pool.address(left), right, pageBytes, keyLength) <= capacity) {
      IndexMemory.copy(key, work.separator, keyLength);
      work.separatorLength = keyLength;
      structure.merge(work, step, left, work.page);
      return Outcome.MERGED;
    }
    int count = recordsToMove(structure, work, left);
    int upperLength = Node.upperLength(right);
    if (upperLength == Node.NO_FENCE) {
      return Outcome.GIVEN_UP;
    }
    int oldLength = keyLength;
    IndexMemory.copy(key, work.otherKey, oldLength);
    IndexMemory.copy(NodeEdit.upperAddress(right, pageBytes), key, upperLength);
    keyLength = upperLength;
    if (count == 0) {
      return Outcome.FULL;
    }
    step.enter();
    structure.shift(work, step, left, count, -1);
    structure.moveSeparator(work, step, oldLength);
    step.commit();
    return Outcome.MOVED;
  }

  /** Returns how many first records of the right leaf fill the left one, and their separator. */
  private int recordsToMove(TreeStructure structure, TreeWork work, long leftId) {
    long left = pool.address(leftId);
    long right = pool.address(work.page);
    long parent = pool.address(work.parent);
    int oldLength = NodeEdit.keyLength(parent, work.position - 1);
    int room = Node.freeBytes(left, pageBytes);
    int most = Node.storedCount(right) - 1;
    int count = 0;
    while (count < most && room >= NodeFit.slotBytes(right, pageBytes, count, count + 1)) {
      room -= NodeFit.slotBytes(right, pageBytes, count, count + 1);
      count++;
    }
    for (int i = 0; i < FITS_MAX && count > 0; i++, count--) {
      structure.separateAt(work, right, count);
      int growth = work.separatorLength - oldLength;
      if (growth <= Node.freeBytes(parent, pageBytes)
          && structure.fitsShifted(work, right, left, count, -1, 0)) {
        return count;
      }
    }
    return 0;
  }
}
