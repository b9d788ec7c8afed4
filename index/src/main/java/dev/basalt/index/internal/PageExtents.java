// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index.internal;

import dev.basalt.index.PageRun;
import java.util.Arrays;

/** A reusable list of page ranges, each inside one group. Used by one thread at a time. */
public final class PageExtents {
  private long[] firsts = new long[4];
  private int[] counts = new int[4];
  private int size;
  private long pages;

  /** Creates an empty list. */
  public PageExtents() {}

  void clear() {
    size = 0;
    pages = 0;
  }

  void add(long first, int count) {
    if (size == firsts.length) {
      firsts = Arrays.copyOf(firsts, 2 * size);
      counts = Arrays.copyOf(counts, 2 * size);
    }
    firsts[size] = first;
    counts[size++] = count;
    pages += count;
  }

  /** Adds the pages of a run; extents that touch, and are of one group, become one. */
  void join(PageRun run, int groupPages) {
    for (int i = 0; i < run.firstPageIds().length; i++) {
      long first = run.firstPageIds()[i];
      int added = run.pageCounts()[i];
      int last = size - 1;
      if (last >= 0 && firsts[last] + counts[last] == first && first % groupPages != 0) {
        counts[last] += added;
        pages += added;
      } else {
        add(first, added);
      }
    }
  }

  /** Orders the ranges by their pages, so that those of one group are neighbours. */
  void sort() {
    for (int i = 1; i < size; i++) {
      long first = firsts[i];
      int pageCount = counts[i];
      int to = i;
      for (; to > 0 && firsts[to - 1] > first; to--) {
        firsts[to] = firsts[to - 1];
        counts[to] = counts[to - 1];
      }
      firsts[to] = first;
      counts[to] = pageCount;
    }
  }

  /** Removes the first page of all ranges. */
  long takeFirst() {
    long first = firsts[0]++;
    pages--;
    if (--counts[0] == 0) {
      size--;
      System.arraycopy(firsts, 1, firsts, 0, size);
      System.arraycopy(counts, 1, counts, 0, size);
    }
    return first;
  }

  int size() {
    return size;
  }

  long pages() {
    return pages;
  }

  long first(int index) {
    return firsts[index];
  }

  int count(int index) {
    return counts[index];
  }

  /** Returns the n-th page of all ranges. */
  long page(long n) {
    long rest = n;
    int index = 0;
    while (rest >= counts[index]) {
      rest -= counts[index++];
    }
    return firsts[index] + rest;
  }

  long[] firsts() {
    return Arrays.copyOf(firsts, size);
  }

  int[] counts() {
    return Arrays.copyOf(counts, size);
  }

  /** Writes ranges as a payload. */
  void write(long payload, int from, int limit) {
    for (int i = from; i < limit; i++) {
      long to = payload + (long) (i - from) * PageDelta.EXTENT_BYTES;
      IndexMemory.putLong(to, firsts[i]);
      IndexMemory.putInt(to + 8, counts[i]);
      IndexMemory.putInt(to + 12, 0);
    }
  }
}
