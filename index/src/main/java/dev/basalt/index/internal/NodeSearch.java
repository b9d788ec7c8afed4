// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index.internal;

/**
 * Search in a node: branch-free over the heads, ties by comparing 8 bytes at a time.
 *
 * <p><b>Concurrency.</b> Safe on a page that changes meanwhile: loops are bounded by the page, no
 * read leaves it by more than a key's length. The result means something only once validated.
 */
public final class NodeSearch {
  private static final int CACHE_LINE_BYTES = 64;

  private NodeSearch() {}

  /**
   * Finds a key.
   *
   * @param node absolute address of the page
   * @param pageBytes the page size
   * @param key absolute address of the key, which lies between the node's fences
   * @param keyLength its length in bytes
   * @return the slot that holds it, or {@code -1 - slot} of the first slot above it
   */
  public static int find(long node, int pageBytes, long key, int keyLength) {
    int prefix = Math.min(Node.prefixLength(node), keyLength);
    long suffix = key + prefix;
    int length = keyLength - prefix;
    int count = Node.count(node, pageBytes);
    long head = Node.headOf(suffix, length);
    int low = lowerBound(node, count, head);
    if (low == count || Node.head(node, low) != head) {
      return -1 - low;
    }
    int order = compare(node, pageBytes, low, suffix, length);
    if (order <= 0) {
      return order == 0 ? low : -1 - low;
    }
    return findAmongEqualHeads(node, pageBytes, low + 1, suffix, length);
  }

  /**
   * Returns which child of an inner node covers a key.
   *
   * @param node absolute address of the page
   * @param pageBytes the page size
   * @param key absolute address of the key
   * @param keyLength its length in bytes
   * @return position of the child: how many separators are at or below the key
   */
  public static int childPosition(long node, int pageBytes, long key, int keyLength) {
    int slot = find(node, pageBytes, key, keyLength);
    return slot >= 0 ? slot + 1 : -1 - slot;
  }

  /**
   * Returns which child of an inner node covers the keys just below a key.
   *
   * @param node absolute address of the page
   * @param pageBytes the page size
   * @param key absolute address of the key
   * @param keyLength its length in bytes
   * @return position of the child: how many separators are below the key
   */
  public static int childPositionBelow(long node, int pageBytes, long key, int keyLength) {
    int slot = find(node, pageBytes, key, keyLength);
    return slot >= 0 ? slot : -1 - slot;
  }

  /**
   * Reads a word from each of the cache lines that hold a leaf's slots, before the header says
   * where to look: on a large tree the misses overlap instead of following each other. The result
   * means nothing, but has to be stored, or the loads would be compiled away.
   */
  static long touch(long node) {
    return IndexMemory.getLong(node + CACHE_LINE_BYTES)
        ^ IndexMemory.getLong(node + 2 * CACHE_LINE_BYTES)
        ^ IndexMemory.getLong(node + 3 * CACHE_LINE_BYTES);
  }

  /** Compares a suffix with that of a slot. */
  static int compare(long node, int pageBytes, int slot, long suffix, int length) {
    long word = Node.slot(node, slot);
    long record = node + Node.recordOffset(word, pageBytes) + Node.RECORD_HEADER_BYTES;
    return IndexMemory.compare(suffix, length, record, Node.suffixLength(word));
  }

  private static int findAmongEqualHeads(
      long node, int pageBytes, int from, long suffix, int length) {
    int count = Node.count(node, pageBytes);
    int low = from;
    int high = lowerBound(node, count, Node.headOf(suffix, length) + 1);
    while (low < high) {
      int middle = low + high >>> 1;
      int order = compare(node, pageBytes, middle, suffix, length);
      if (order == 0) {
        return middle;
      }
      if (order > 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return -1 - low;
  }

  /** Returns the first slot whose head is at or above a number; no branch depends on data. */
  private static int lowerBound(long node, int count, long head) {
    if (count == 0) {
      return 0;
    }
    int base = 0;
    for (int length = count; length > 1; ) {
      int half = length >>> 1;
      base += half & (int) (Node.head(node, base + half - 1) - head >> 63);
      length -= half;
    }
    return base - (int) (Node.head(node, base) - head >> 63);
  }
}
