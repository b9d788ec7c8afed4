// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index.internal;

import dev.basalt.index.SearchKey;
import dev.basalt.index.internal.NodeEdit.Fences;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One level of a tree that is loaded in key order: collects entries, whole, until no more of them
 * can fit a node, and cuts a full node off.
 *
 * <p>How many entries fit is known only once the next one is there: it decides the upper fence, and
 * with that the prefix that all keys of the node share. So each new entry is looked at as the place
 * of a cut, the last place that fits is remembered, and the cut is made there once even the
 * shortest fence would not let another entry in.
 *
 * <p>In a leaf the cut is before an entry, which begins the next leaf. In an inner node the entry
 * (separator and the child left of it) at the cut goes up, as in a split; at least one stays behind
 * it, so that every inner node has two children.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time.
 */
final class LoadLevel {
  private static final int ENTRY_COUNT_INITIAL = 64;
  private static final int MEMORY_BYTES_INITIAL = 8192;

  private final LoadPages pages;
  private final int level;
  private final int pageBytes;
  private final int capacity;
  private final MemorySegment lowerMemory =
      Arena.ofAuto().allocate(SearchKey.LENGTH_BYTES_MAX + IndexMemory.SLACK_BYTES, 8);
  private final long lower = lowerMemory.address();
  private int lowerLength;

  /** The page of the leaf that is being filled; 0 while there is no leaf before it. */
  private long leafId;

  private @Nullable LoadLevel parent;

  private MemorySegment memory = Arena.ofAuto().allocate(MEMORY_BYTES_INITIAL, 8);
  private int memoryUsed;
  private int count;
  private int[] offsets = new int[ENTRY_COUNT_INITIAL];
  private int[] keyLengths = new int[ENTRY_COUNT_INITIAL];
  private int[] valueFields = new int[ENTRY_COUNT_INITIAL];

  /** How many first bytes a key shares with the one before it. */
  private int[] shared = new int[ENTRY_COUNT_INITIAL];

  /** The last child of the root, when this level has its content. */
  private long rootLink;

  /** Bytes of all entries with slots and whole keys. */
  private int entryBytes;

  /** How many first bytes the last key shares with the lower fence. */
  private int sharedWithLower;

  /** The last entry at which a cut fits; 0 for none. */
  private int cut;

  /** Whether the last entry of an inner node fits as the place of a cut, once one follows it. */
  private boolean isNextCutFit;

  LoadLevel(LoadPages pages, int level, int pageBytes) {
    this.pages = pages;
    this.level = level;
    this.pageBytes = pageBytes;
    capacity = NodeFit.capacity(pageBytes);
  }

  /** Returns the level above; null while this one has had no cut. */
  @Nullable LoadLevel parent() {
    return parent;
  }

  /**
   * Makes room for an entry behind the others.
   *
   * @return where its key goes; the value follows the key
   */
  long reserve(int keyLength, int valueLength) {
    long needed = (long) memoryUsed + keyLength + valueLength + IndexMemory.SLACK_BYTES;
    if (needed > memory.byteSize()) {
      MemorySegment larger = Arena.ofAuto().allocate(2 * needed, 8);
      MemorySegment.copy(memory, 0, larger, 0, memoryUsed);
      memory = larger;
    }
    return memory.address() + memoryUsed;
  }

  /**
   * Adds the entry at the reserved place.
   *
   * @return false when its key is not above the one before; the entry is not there then
   */
  boolean tryAdd(int keyLength, int valueField) {
    int common = 0;
    if (count > 0) {
      long before = key(count - 1);
      int beforeLength = keyLengths[count - 1];
      long key = memory.address() + memoryUsed;
      common = IndexMemory.commonLength(before, beforeLength, key, keyLength);
      boolean isAbove =
          common < keyLength
              && (common == beforeLength
                  || IndexMemory.getByte(before + common) < IndexMemory.getByte(key + common));
      if (!isAbove) {
        return false;
      }
    }
    if (count == offsets.length) {
      growEntries();
    }
    offsets[count] = memoryUsed;
    keyLengths[count] = keyLength;
    valueFields[count] = valueField;
    shared[count] = common;
    memoryUsed += keyLength + Node.valueLength(valueField);
    account(count++);
    return true;
  }

  /** Tells whether no further entry can fit, so that {@link #cut} is due. */
  boolean isFull() {
    return bytesWith(count, sharedWithLower, 0) > capacity;
  }

  /** Returns a copy of the last key. */
  byte[] lastKey() {
    return bytes(key(count - 1), keyLengths[count - 1]);
  }

  /** Returns a copy of the key at the reserved place. */
  byte[] reservedKey(int keyLength) {
    return bytes(memory.address() + memoryUsed, keyLength);
  }

  private static byte[] bytes(long address, int length) {
    byte[] copy = new byte[length];
    IndexMemory.copyOut(address, MemorySegment.ofArray(copy), 0, length);
    return copy;
  }

  /** Writes the longest node that fits and hands it up; the levels above are cut as needed. */
  void cut() throws IOException {
    if (cut == 0) {
      throw new AssertionError("no place to cut " + count + " entries");
    }
    long separator = key(cut);
    int separatorLength = level == 0 ? shared[cut] + 1 : keyLengths[cut];
    long pageId = level > 0 || leafId == 0 ? pages.take() : leafId;
    long link = level == 0 ? pages.take() : IndexMemory.getLong(value(cut));
    write(pageId, cut, link, new Fences(lower, lowerLength, separator, separatorLength));
    leafId = link;
    addToParent(separator, separatorLength, pageId);
    IndexMemory.copy(separator, lower, separatorLength);
    lowerLength = separatorLength;
    removeFirst(level == 0 ? cut : cut + 1);
  }

  /**
   * Writes all that is left but for the root's content.
   *
   * @param lastChild the child right of all entries; 0 in a leaf
   * @return the level whose entries are the root's content
   */
  LoadLevel finish(long lastChild) throws IOException {
    while (entryBytes + Node.reservedBytes(lowerLength) + Node.FENCE_BYTES_MIN > capacity) {
      cut();
    }
    LoadLevel above = parent;
    if (above == null) {
      rootLink = lastChild;
      return this;
    }
    long pageId = level == 0 ? leafId : pages.take();
    write(pageId, count, lastChild, new Fences(lower, lowerLength, lower, Node.NO_FENCE));
    return above.finish(pageId);
  }

  /** Gives the root the entries that {@link #finish} left here. */
  void fillRoot(long root) {
    fill(root, count, rootLink, new Fences(lower, 0, lower, Node.NO_FENCE));
  }

  private void write(long pageId, int limit, long link, Fences fences) throws IOException {
    long page = pages.create(pageId);
    try {
      fill(page, limit, link, fences);
    } finally {
      pages.created(pageId);
    }
  }

  private void fill(long node, int limit, long link, Fences fences) {
    NodeEdit.initialize(node, pageBytes, level, link, fences);
    for (int i = 0; i < limit; i++) {
      NodeEdit.appendEntry(node, key(i), keyLengths[i], valueFields[i]);
    }
  }

  private void addToParent(long separator, int length, long child) throws IOException {
    LoadLevel above = parent;
    if (above == null) {
      above = new LoadLevel(pages, level + 1, pageBytes);
      parent = above;
    }
    long to = above.reserve(length, Node.CHILD_BYTES);
    IndexMemory.copy(separator, to, length);
    IndexMemory.putLong(to + length, child);
    if (!above.tryAdd(length, Node.CHILD_BYTES)) {
      throw new AssertionError("separators of level " + above.level + " out of order");
    }
    while (above.isFull()) {
      above.cut();
    }
  }

  /** Counts an entry in, and looks at it as the place of a cut. */
  private void account(int index) {
    if (index > 0) {
      sharedWithLower = Math.min(sharedWithLower, shared[index]);
    } else {
      // The fence is the beginning of a leaf's first key; in an inner node it was the key before.
      sharedWithLower = level == 0 ? lowerLength : shared[0];
    }
    int fence = level == 0 ? shared[index] + 1 : keyLengths[index];
    boolean isFit = index > 0 && bytesWith(index, sharedWithLower, fence) <= capacity;
    if (level == 0) {
      cut = isFit ? index : cut;
    } else {
      cut = isNextCutFit ? index - 1 : cut;
      isNextCutFit = isFit;
    }
    int valueLength = Node.valueLength(valueFields[index]);
    entryBytes += Node.SLOT_BYTES + Node.recordLength(keyLengths[index], valueLength);
  }

  /** Returns what all entries counted so far take in a node with this prefix and upper fence. */
  private int bytesWith(int entries, int prefix, int upper) {
    int fences = Node.reservedBytes(lowerLength) + Node.reservedBytes(upper);
    return entryBytes - entries * prefix + fences;
  }

  private void removeFirst(int removed) {
    int rest = count - removed;
    int from = removed < count ? offsets[removed] : memoryUsed;
    int restBytes = memoryUsed - from;
    MemorySegment.copy(memory, from, memory, 0, restBytes);
    System.arraycopy(offsets, removed, offsets, 0, rest);
    System.arraycopy(keyLengths, removed, keyLengths, 0, rest);
    System.arraycopy(valueFields, removed, valueFields, 0, rest);
    System.arraycopy(shared, removed, shared, 0, rest);
    memoryUsed = restBytes;
    count = rest;
    entryBytes = 0;
    cut = 0;
    isNextCutFit = false;
    for (int i = 0; i < rest; i++) {
      offsets[i] -= from;
      account(i);
    }
  }

  private long key(int index) {
    return memory.address() + offsets[index];
  }

  private long value(int index) {
    return key(index) + keyLengths[index];
  }

  private void growEntries() {
    int capacityNow = 2 * count;
    offsets = Arrays.copyOf(offsets, capacityNow);
    keyLengths = Arrays.copyOf(keyLengths, capacityNow);
    valueFields = Arrays.copyOf(valueFields, capacityNow);
    shared = Arrays.copyOf(shared, capacityNow);
  }
}
