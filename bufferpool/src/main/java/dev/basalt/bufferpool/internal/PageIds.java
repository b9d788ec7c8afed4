// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import java.util.Arrays;

/** A list of page ids, bounded unless said otherwise. Used by one thread at a time. */
final class PageIds {
  private long[] ids;
  private int count;

  PageIds(int capacity) {
    ids = new long[capacity];
  }

  boolean isFull() {
    return count == ids.length;
  }

  boolean isEmpty() {
    return count == 0;
  }

  int count() {
    return count;
  }

  void add(long pageId) {
    ids[count++] = pageId;
  }

  /** As {@link #add}, but makes room where there is none. */
  void addGrowing(long pageId) {
    if (isFull()) {
      ids = Arrays.copyOf(ids, ids.length + ids.length / 2);
    }
    add(pageId);
  }

  long get(int index) {
    return ids[index];
  }

  int capacity() {
    return ids.length;
  }

  void clear() {
    count = 0;
  }

  void sort() {
    Arrays.sort(ids, 0, count);
  }

  /** Keeps one id of those before {@code index}, as the {@code kept}th of a pass over all. */
  void keep(int kept, int index) {
    ids[kept] = ids[index];
  }

  /** Ends a pass that stopped at {@code index} having kept some of the ids before it. */
  void removeBetween(int kept, int index) {
    System.arraycopy(ids, index, ids, kept, count - index);
    count -= index - kept;
  }
}
