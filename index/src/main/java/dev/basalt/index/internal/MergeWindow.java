// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index.internal;

import dev.basalt.bufferpool.BufferPool;
import dev.basalt.index.MergeConfig;

/**
 * Neighbouring leaves under one parent, read optimistically, and which of them fit one page fewer.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time. What it finds is a hint: whoever acts on it
 * latches the leaves and looks again.
 */
final class MergeWindow {
  private static final int LEAVES_MAX = 2 * MergeConfig.SIBLINGS_MAX + 1;

  private final int pageBytes;
  private final long[] pageIds = new long[LEAVES_MAX];

  /** Records with their slots; what they take with another prefix depends on the count. */
  private final int[] bytes = new int[LEAVES_MAX];

  private final int[] counts = new int[LEAVES_MAX];
  private final int[] prefixes = new int[LEAVES_MAX];
  private final int[] fences = new int[LEAVES_MAX];

  /** Position in the parent of the first leaf read, and how many were. */
  private int base;

  private int count;

  /** The leaves that were chosen, from and to below. */
  private int first;

  private int limit;

  MergeWindow(int pageBytes) {
    this.pageBytes = pageBytes;
  }

  /**
   * Reads the leaf that {@code work} is at, and its neighbours on both sides as far as they are in
   * memory and unlatched; false when it is not the one expected.
   */
  boolean read(TreeCore core, TreeWork work, long pageId, int siblingsMax) {
    BufferPool pool = core.pool;
    long parent = pool.address(work.parent);
    int last = Math.min(Node.count(parent, pageBytes), work.position + siblingsMax);
    int from = work.position;
    count = 0;
    if (!tryAdd(core, work, from) || pageIds[0] != pageId) {
      return false;
    }
    int least = Math.max(0, work.position - siblingsMax);
    while (from > least && tryAdd(core, work, from - 1)) {
      from--;
    }
    reverse();
    base = from;
    int next = work.position + 1;
    while (next <= last && tryAdd(core, work, next)) {
      next++;
    }
    return pool.validate(work.parent, work.parentToken);
  }

  /**
   * Tells whether a leaf may soon need its free bytes: it was changed since it was last written,
   * and not by deletes alone, which would have left less than a split does. What inserts fill again
   * would be merged in vain.
   */
  static boolean mayGrow(long token, int usedBytes, int pageBytes) {
    return BufferPool.isDirty(token) && usedBytes >= NodeFit.capacity(pageBytes) / 2;
  }

  private boolean tryAdd(TreeCore core, TreeWork work, int position) {
    BufferPool pool = core.pool;
    long child = Node.child(pool.address(work.parent), pageBytes, position);
    boolean isPage = child > 0 && child < core.allocator.limit();
    if (!isPage || !pool.validate(work.parent, work.parentToken)) {
      return false;
    }
    long token = pool.tryOptimistic(child);
    if (token == BufferPool.NOT_RESIDENT) {
      return false;
    }
    long leaf = pool.address(child);
    pageIds[count] = child;
    counts[count] = Node.count(leaf, pageBytes);
    bytes[count] = Node.recordBytes(leaf) + counts[count] * Node.SLOT_BYTES;
    prefixes[count] = Node.prefixLength(leaf);
    fences[count] = Node.fenceBytes(leaf);
    int usedBytes = bytes[count] + fences[count];
    boolean isLeaf = Node.isNode(leaf) && Node.level(leaf) == 0;
    if (!isLeaf || mayGrow(token, usedBytes, pageBytes) || !pool.validate(child, token)) {
      return false;
    }
    count++;
    return true;
  }

  /** The leaves left of the first one were added from right to left. */
  private void reverse() {
    for (int low = 0, high = count - 1; low < high; low++, high--) {
      long pageId = pageIds[low];
      pageIds[low] = pageIds[high];
      pageIds[high] = pageId;
      swap(bytes, low, high);
      swap(counts, low, high);
      swap(prefixes, low, high);
      swap(fences, low, high);
    }
  }

  private static void swap(int[] values, int a, int b) {
    int value = values[a];
    values[a] = values[b];
    values[b] = value;
  }

  /**
   * Chooses the fewest neighbours, the leaf at a position among them, that fit one page fewer; of
   * equally many those with the least in them.
   *
   * @return how many there are; 0 when none fit
   */
  int choose(BufferPool pool, int position, int siblingsMax) {
    int center = position - base;
    for (int width = 2; width <= Math.min(count, siblingsMax + 1); width++) {
      int best = Integer.MAX_VALUE;
      int from = Math.max(0, center - width + 1);
      for (int start = from; start <= center && start + width <= count; start++) {
        int needed = neededBytes(pool, start, start + width);
        if (needed <= roomBytes(start, start + width) && needed < best) {
          best = needed;
          first = start;
          limit = start + width;
        }
      }
      if (best < Integer.MAX_VALUE) {
        return width;
      }
    }
    return 0;
  }

  /** What the records take with the prefix that all leaves share, and what is lost at page ends. */
  private int neededBytes(BufferPool pool, int start, int end) {
    int prefix = sharedPrefix(pool, start, end - 1);
    int sum = 0;
    int records = 0;
    for (int i = start; i < end; i++) {
      sum += bytes[i] + counts[i] * Math.max(0, prefixes[i] - prefix);
      records += counts[i];
    }
    int pagesBeforeLast = end - start - 2;
    return sum + pagesBeforeLast * (sum / Math.max(1, records));
  }

  private int roomBytes(int start, int end) {
    int most = 0;
    for (int i = start; i < end; i++) {
      most = Math.max(most, fences[i]);
    }
    return (end - start - 1) * (NodeFit.capacity(pageBytes) - most);
  }

  /** Returns how long the prefix is between the lower fence of one leaf and another's upper one. */
  private int sharedPrefix(BufferPool pool, int low, int high) {
    long lowest = pool.address(pageIds[low]);
    long highest = pool.address(pageIds[high]);
    int upperLength = Node.upperLength(highest);
    if (upperLength == Node.NO_FENCE) {
      return 0;
    }
    int lowerOffset = Node.lowerOffset(lowest, pageBytes);
    int upperOffset = Node.upperOffset(highest, pageBytes);
    return IndexMemory.commonLength(
        lowest + lowerOffset,
        Math.min(Node.lowerLength(lowest), pageBytes - lowerOffset),
        highest + upperOffset,
        Math.min(upperLength, pageBytes - upperOffset));
  }

  /** Returns the position in the parent of the first leaf chosen. */
  int firstPosition() {
    return base + first;
  }

  /** Tells whether any leaf chosen was split for contention a short time ago. */
  boolean isSpared(ContentionSplit contention) {
    for (int i = first; i < limit - 1; i++) {
      if (contention.sparesFromMerge(pageIds[i])) {
        return true;
      }
    }
    return false;
  }
}
