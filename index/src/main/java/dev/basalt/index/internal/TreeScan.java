// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index.internal;

import dev.basalt.bufferpool.BufferPool;
import dev.basalt.index.RecordBuffer;
import dev.basalt.index.ValueBuffer;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A cursor's place: a private copy of one leaf, taken under validation, and a position in it.
 *
 * <p>The next leaf is found by the link while the leaf that was copied is unchanged, which proves
 * that the link is; else by a descent to the copy's upper fence. The previous leaf is always found
 * by a descent to just below the lower fence. So splits and merges meanwhile move no key out of
 * sight or into sight twice.
 *
 * <p>A long scan takes no memory from others: once it has come over some leaves, those that it
 * brings in are the first to be evicted again.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time. Its memory is freed with the object.
 */
public final class TreeScan {
  private static final int KEY_AREA_BYTES = 1024;
  private static final int COPY_SLACK_BYTES = 2048;
  private static final int NO_BOUND = -1;

  private final TreeCore core;
  private final BufferPool pool;
  private final int pageBytes;
  private final TreeWork work;
  private final MemorySegment memory;
  private final long low;
  private final long high;
  private final long target;
  private final ReadAhead readAhead;
  private final int passingAfter;

  private int lowLength = NO_BOUND;
  private int highLength = NO_BOUND;
  private boolean isLowInclusive = true;
  private boolean isHighInclusive = true;

  /** The copy, and the memory of the next one: what fails leaves this place as it was. */
  private long leaf;

  private long spare;
  private long leafId = -1;
  private long leafToken;

  /** Leaves and pages of large values since the place was set, not by moving. */
  private int pagesInRow;

  /** Whether the leaf was not in memory when the scan came to it. */
  private boolean isMissing;

  /** Slots inside the bounds are from begin to below end. */
  private int begin;

  private int end;
  private int index;
  private boolean isOnEntry;

  /**
   * Creates a place before all keys.
   *
   * @param core the tree
   */
  public TreeScan(TreeCore core) {
    this.core = core;
    pool = core.pool;
    pageBytes = core.pageBytes;
    work = new TreeWork(pageBytes);
    passingAfter = pool.passing().afterPages();
    int copyBytes = pageBytes + COPY_SLACK_BYTES;
    memory = Arena.ofAuto().allocate(2L * copyBytes + 3L * KEY_AREA_BYTES, 8);
    leaf = memory.address();
    spare = leaf + copyBytes;
    low = spare + copyBytes;
    high = low + KEY_AREA_BYTES;
    target = high + KEY_AREA_BYTES;
    readAhead = new ReadAhead(core, work, low, high);
  }

  /**
   * Sets the low bound and starts anew.
   *
   * @param key absolute address of the bound
   * @param length its length; -1 for none
   * @param isInclusive whether that key belongs to the range
   */
  public void low(long key, int length, boolean isInclusive) {
    IndexMemory.copy(key, low, Math.max(0, length));
    lowLength = length;
    isLowInclusive = isInclusive;
    readAhead.low(length);
    leafId = -1;
    pagesInRow = 0;
    isOnEntry = false;
  }

  /**
   * Sets the high bound and starts anew.
   *
   * @param key absolute address of the bound
   * @param length its length; -1 for none
   * @param isInclusive whether that key belongs to the range
   */
  public void high(long key, int length, boolean isInclusive) {
    IndexMemory.copy(key, high, Math.max(0, length));
    highLength = length;
    isHighInclusive = isInclusive;
    readAhead.high(length, isInclusive);
    leafId = -1;
    pagesInRow = 0;
    isOnEntry = false;
  }

  /**
   * Moves between the last key below and the first key at or above one.
   *
   * @param key absolute address of the key
   * @param length its length
   * @throws IOException when a page cannot be read
   */
  public void seek(long key, int length) throws IOException {
    pagesInRow = 0;
    readAhead.restart();
    if (lowLength >= 0 && IndexMemory.compare(key, length, low, lowLength) < 0) {
      load(low, lowLength, TreeWork.AT);
      index = begin;
    } else if (highLength >= 0 && IndexMemory.compare(key, length, high, highLength) > 0) {
      load(high, highLength, isHighInclusive ? TreeWork.AT : TreeWork.BELOW);
      index = end;
    } else {
      load(key, length, TreeWork.AT);
      index = clamped(slotsBelow(key, length, false));
    }
    isOnEntry = false;
  }

  /**
   * Moves to the next entry.
   *
   * @return false when there is none in the range
   * @throws IOException when a page cannot be read
   */
  public boolean next() throws IOException {
    if (leafId < 0) {
      load(low, Math.max(0, lowLength), TreeWork.AT);
      index = begin;
    } else if (isOnEntry) {
      index++;
    }
    isOnEntry = false; // whatever fails now, the entry is left behind
    while (index >= end) {
      if (end < Node.storedCount(leaf) || Node.upperLength(leaf) == Node.NO_FENCE) {
        return false;
      }
      loadNext();
    }
    isOnEntry = true;
    return true;
  }

  /**
   * Moves to the previous entry.
   *
   * @return false when there is none in the range
   * @throws IOException when a page cannot be read
   */
  public boolean previous() throws IOException {
    if (leafId < 0) {
      int mode = isHighInclusive ? TreeWork.AT : TreeWork.BELOW;
      load(high, Math.max(0, highLength), highLength < 0 ? TreeWork.LAST : mode);
      index = end;
    }
    isOnEntry = false; // whatever fails now, the entry is left behind
    while (index <= begin) {
      if (begin > 0 || Node.lowerLength(leaf) == 0) {
        return false;
      }
      loadPrevious();
    }
    index--;
    isOnEntry = true;
    return true;
  }

  /**
   * Tells whether this stands on an entry.
   *
   * @return false before the first move and past either end
   */
  public boolean isOnEntry() {
    return isOnEntry;
  }

  /**
   * Returns the length of the entry's key.
   *
   * @return bytes
   */
  public int keyLength() {
    return NodeEdit.keyLength(leaf, index);
  }

  /**
   * Copies the entry's key.
   *
   * @param to where to
   */
  public void copyKey(long to) {
    NodeEdit.copyKey(leaf, pageBytes, index, to);
  }

  /**
   * Copies the entry's value or reference.
   *
   * @param out takes it
   */
  public void copyValue(ValueBuffer out) {
    long word = Node.slot(leaf, index);
    int record = Node.recordOffset(word, pageBytes);
    int field = Node.valueField(leaf, record);
    long value = leaf + record + Node.RECORD_HEADER_BYTES + Node.suffixLength(word);
    out.copyFrom(value, Node.valueLength(field), (field & Node.OVERFLOW_BIT) != 0);
    if (out.isReference()) {
      long pages = 1 + out.valueBytes() / pageBytes;
      pagesInRow = (int) Math.min(pagesInRow + pages, passingAfter);
    }
  }

  /**
   * Moves over entries and copies them, until the buffer or the range is at its end, or an entry
   * comes whose value is in pages of its own: this stands on that one then.
   *
   * @param out takes them, behind what it has
   * @param isUpwards whether to move to next entries or to previous ones
   * @return whether this stands on an entry that is not copied
   * @throws IOException when a page cannot be read
   */
  public boolean fill(RecordBuffer out, boolean isUpwards) throws IOException {
    while (!out.isFull() && (isUpwards ? next() : previous())) {
      if (isReference()) {
        return true;
      }
      unread(isUpwards); // whatever fails now, or does not fit, is met by the next move
      int taken = copyRun(out, isUpwards);
      index += isUpwards ? taken : -taken;
      if (taken == 0) {
        return false;
      }
    }
    return false;
  }

  /** Copies the entries of the leaf that come next, as long as they are inline and fit. */
  private int copyRun(RecordBuffer out, boolean isUpwards) {
    int step = isUpwards ? 1 : -1;
    int count = Math.min(out.countLeft(), isUpwards ? end - index : index - begin);
    int prefix = Node.prefixLength(leaf);
    long prefixAddress = NodeEdit.lowerAddress(leaf, pageBytes);
    int taken = 0;
    for (int slot = isUpwards ? index : index - 1; taken < count; slot += step) {
      long word = Node.slot(leaf, slot);
      int record = Node.recordOffset(word, pageBytes);
      int field = Node.valueField(leaf, record);
      int suffix = Node.suffixLength(word);
      int length = suffix + Node.valueLength(field);
      if (record + Node.RECORD_HEADER_BYTES + length > pageBytes || prefix > pageBytes) {
        throw new IllegalStateException("the cursor is used by two threads at a time");
      }
      if ((field & Node.OVERFLOW_BIT) != 0) {
        break;
      }
      long to = out.tryAdd(prefix + suffix, length - suffix);
      if (to == RecordBuffer.FULL) {
        break;
      }
      IndexMemory.copyWords(prefixAddress, to, prefix);
      // In the page the value follows the suffix, as here.
      IndexMemory.copyWords(leaf + record + Node.RECORD_HEADER_BYTES, to + prefix, length);
      taken++;
    }
    return taken;
  }

  /**
   * Tells whether the value is in overflow pages.
   *
   * @return true when the entry holds a reference to it
   */
  public boolean isReference() {
    int record = Node.recordOffset(Node.slot(leaf, index), pageBytes);
    return (Node.valueField(leaf, record) & Node.OVERFLOW_BIT) != 0;
  }

  /**
   * Takes the last move back: the same move will come to this entry again.
   *
   * @param isUpwards whether it was {@link #next}
   */
  public void unread(boolean isUpwards) {
    index += isUpwards ? 0 : 1;
    isOnEntry = false;
  }

  /**
   * Leaves the entry behind, so that the same move goes to the one after it, and the other move
   * comes back to it.
   *
   * @param isUpwards whether the move was {@link #next}
   */
  public void pass(boolean isUpwards) {
    index += isUpwards ? 1 : 0;
    isOnEntry = false;
  }

  private void loadNext() throws IOException {
    long before = leafId;
    int length = Node.upperLength(leaf);
    IndexMemory.copy(NodeEdit.upperAddress(leaf, pageBytes), target, length);
    if (!tryFollowLink()) {
      load(target, length, TreeWork.AT);
    }
    arrive(before, true, length);
  }

  private void loadPrevious() throws IOException {
    long before = leafId;
    int length = Node.lowerLength(leaf);
    IndexMemory.copy(NodeEdit.lowerAddress(leaf, pageBytes), target, length);
    load(target, length, TreeWork.BELOW);
    arrive(before, false, length);
  }

  /** Goes to the target in a leaf that the scan has moved to, and leaves the one before behind. */
  private void arrive(long before, boolean isUpwards, int targetLength) throws IOException {
    if (isPassing()) {
      pool.passing().passed(before);
    }
    pagesInRow = Math.min(pagesInRow + 1, passingAfter);
    index = clamped(slotsBelow(target, targetLength, false));
    readAhead.moved(isUpwards, isMissing, leaf);
  }

  /**
   * Tells whether the scan is long: what it reads is evicted first.
   *
   * @return true once it has come over some leaves
   */
  public boolean isPassing() {
    return pagesInRow >= passingAfter;
  }

  /** Copies the next leaf; false when the link may be out of date. */
  private boolean tryFollowLink() throws IOException {
    long next = Node.link(leaf);
    if (!pool.validate(leafId, leafToken)) {
      return false;
    }
    long token = leafToken(leafId, leafToken, next);
    if (token == TreeCore.NO_TOKEN || !pool.validate(leafId, leafToken)) {
      return false;
    }
    work.page = next;
    work.token = token;
    return tryCopy();
  }

  /** Copies the leaf that covers a key, or the keys below it. */
  private void load(long key, int length, int mode) throws IOException {
    work.mode = mode;
    for (int restarts = 0; restarts < TreeCore.RESTARTS_MAX; restarts++) {
      if (core.tryDescend(work, key, length, 1) && tryEnterLeaf(key, length) && tryCopy()) {
        return;
      }
    }
    core.latchLeaf(work, key, length, TreeCore.RESTARTS_MAX);
    work.token = TreeCore.NO_TOKEN;
    IndexMemory.copy(pool.address(work.page), spare, pageBytes);
    pool.unlatchExclusive(work.page, false);
    goToSpare();
  }

  /** Goes on from the parent to the leaf, unless the root is the leaf. */
  private boolean tryEnterLeaf(long key, int length) throws IOException {
    long parent = work.page;
    long parentToken = work.token;
    long node = pool.address(parent);
    int level = Node.level(node);
    int position = core.position(work.mode, node, key, length);
    long child = Node.child(node, pageBytes, position);
    if (!pool.validate(parent, parentToken)) {
      return false;
    }
    if (level == 0) {
      return true;
    }
    long token = leafToken(parent, parentToken, child);
    return token != TreeCore.NO_TOKEN
        && pool.validate(parent, parentToken)
        && core.tryArrive(work, child, token, parent, parentToken, position);
  }

  /** Begins to read a leaf, and notes whether it has to be read from the device. */
  private long leafToken(long from, long token, long child) throws IOException {
    boolean isPage = child > 0 && child < core.allocator.limit();
    isMissing = isPage && !pool.isResident(child);
    return core.childToken(from, token, child, isPassing());
  }

  private boolean tryCopy() {
    IndexMemory.copy(pool.address(work.page), spare, pageBytes);
    if (!pool.validate(work.page, work.token)) {
      return false;
    }
    goToSpare();
    return true;
  }

  /** Makes the leaf copied last the one that this is in. */
  private void goToSpare() {
    long copy = spare;
    spare = leaf;
    leaf = copy;
    leafId = work.page;
    leafToken = work.token;
    begin = lowLength < 0 ? 0 : slotsBelow(low, lowLength, !isLowInclusive);
    int count = Node.count(leaf, pageBytes);
    end = highLength < 0 ? count : slotsBelow(high, highLength, isHighInclusive);
    end = Math.max(begin, end);
  }

  private int clamped(int slot) {
    return Math.min(end, Math.max(begin, slot));
  }

  /** Returns how many keys of the leaf are below a key, or also equal to it. */
  private int slotsBelow(long key, int length, boolean orEqual) {
    if (IndexMemory.compare(
            key, length, NodeEdit.lowerAddress(leaf, pageBytes), Node.lowerLength(leaf))
        < 0) {
      return 0;
    }
    int upperLength = Node.upperLength(leaf);
    if (upperLength != Node.NO_FENCE
        && IndexMemory.compare(key, length, NodeEdit.upperAddress(leaf, pageBytes), upperLength)
            >= 0) {
      return Node.count(leaf, pageBytes);
    }
    int slot = NodeSearch.find(leaf, pageBytes, key, length);
    if (slot < 0) {
      return -1 - slot;
    }
    return orEqual ? slot + 1 : slot;
  }
}
