// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index.internal;

import dev.basalt.bufferpool.BufferPool;
import dev.basalt.bufferpool.PageHeader;
import dev.basalt.index.StructureLog;
import dev.basalt.index.internal.NodeEdit.Fences;
import java.io.IOException;

/**
 * Splits, shifts, merges and unlinking: each one structure step over a node and its parent.
 *
 * <p>A parent that has no room for a separator is split first, in a step of its own, and the
 * operation starts again; so a step touches at most a parent, two siblings, a new page and maps.
 */
final class TreeStructure {
  /** A leaf with less than this part in use is merged if it can be. */
  private static final int SPARSE_DIVISOR = 4;

  /** A merged node keeps this part free, so that it is not split again at once. */
  private static final int MERGED_FREE_DIVISOR = 5;

  /** A node with less than this part in records goes into a full sibling, too. */
  private static final int NEARLY_EMPTY_DIVISOR = 32;

  /** A sibling must have so many sixteenths free before records are shifted to it. */
  private static final int SHIFT_FREE_SIXTEENTHS = 5;

  private final TreeCore core;
  private final BufferPool pool;
  private final StructureLog log;
  private final PageAllocator allocator;
  private final int pageBytes;

  TreeStructure(TreeCore core) {
    this.core = core;
    pool = core.pool;
    log = core.log;
    allocator = core.allocator;
    pageBytes = core.pageBytes;
  }

  static boolean isSparse(long node, int pageBytes) {
    int capacity = NodeFit.capacity(pageBytes);
    return capacity - Node.freeBytes(node, pageBytes) < capacity / SPARSE_DIVISOR;
  }

  /** Makes room in the node that covers a key at a level, by a shift or by splits. */
  void makeRoom(TreeWork work, long key, int keyLength, int level, int needed) throws IOException {
    boolean isParentFull = false;
    for (int restarts = 0; ; restarts++) {
      if (isParentFull) {
        makeRoom(work, key, keyLength, level + 1, Node.SLOT_BYTES + 2 + work.separatorLength + 8);
        isParentFull = false;
      }
      boolean isLatched = restarts >= TreeCore.RESTARTS_MAX;
      int shift = 0;
      if (!isLatched) {
        if (!core.tryDescend(work, key, keyLength, level)) {
          continue;
        }
        shift = level == 0 && work.parent >= 0 ? roomierSibling(work) : 0;
      }
      StructureStep step = work.step;
      step.begin(pool, log);
      try {
        if (!tryLatch(work, step, key, keyLength, level, isLatched)) {
          continue;
        }
        long node = pool.address(work.page);
        if (Node.level(node) != level || Node.freeBytes(node, pageBytes) >= needed) {
          return;
        }
        if (work.parent < 0) {
          splitRoot(work, step, chooseSplit(work, node, key, keyLength), false);
          return;
        }
        if (shift != 0 && tryShift(work, step, key, keyLength, shift, needed)) {
          return;
        }
        isParentFull = !trySplit(work, step, chooseSplit(work, node, key, keyLength), false);
        if (!isParentFull) {
          return;
        }
      } finally {
        step.end();
      }
    }
  }

  boolean tryLatch(
      TreeWork work, StructureStep step, long key, int keyLength, int level, boolean isLatched)
      throws IOException {
    if (isLatched) {
      core.descendLatched(work, key, keyLength, level);
    } else {
      if (work.parent >= 0 && !pool.tryUpgrade(work.parent, work.parentToken)) {
        return false;
      }
      if (!pool.tryUpgrade(work.page, work.token)) {
        if (work.parent >= 0) {
          pool.unlatchExclusive(work.parent, false);
        }
        return false;
      }
    }
    if (work.parent >= 0) {
      step.adopt(work.parent);
    }
    step.adopt(work.page);
    return true;
  }

  /** Chooses where to divide a node and writes the separator; returns the first slot that moves. */
  private int chooseSplit(TreeWork work, long node, long key, int keyLength) {
    int count = Node.storedCount(node);
    if (Node.level(node) > 0) {
      return chooseInnerSplit(work, node, key, keyLength);
    }
    int slot = NodeSearch.find(node, pageBytes, key, keyLength);
    int at = -1 - slot;
    boolean isLast = at == count && Node.upperLength(node) == Node.NO_FENCE;
    boolean isFirst = at == 0 && Node.lowerLength(node) == 0;
    if (slot < 0 && count > 0 && (isLast || isFirst || count == 1)) {
      separateFrom(work, node, at, key, keyLength);
      if (count == 1 || fitsWhole(node, at, work.separatorLength)) {
        return at;
      }
    }
    int middle = NodeFit.middle(node, pageBytes);
    separateAt(work, node, middle);
    return middle;
  }

  /** Tells whether all records of a node fit with the separator as one of its fences. */
  private boolean fitsWhole(long node, int at, int separatorLength) {
    int old = at == 0 ? Node.lowerLength(node) : Node.upperLength(node);
    int grown = Node.reservedBytes(separatorLength) - Node.reservedBytes(old);
    return grown <= Node.freeBytes(node, pageBytes);
  }

  private int chooseInnerSplit(TreeWork work, long node, long key, int keyLength) {
    int count = Node.storedCount(node);
    int position = NodeSearch.childPosition(node, pageBytes, key, keyLength);
    boolean isLast = position == count && Node.upperLength(node) == Node.NO_FENCE;
    int middle = isLast ? count - 1 : count / 2;
    work.separatorLength = NodeEdit.copyKey(node, pageBytes, middle, work.separator);
    return middle;
  }

  /** Writes a separator between two slots of a leaf. */
  void separateAt(TreeWork work, long node, int slot) {
    int low = NodeEdit.copyKey(node, pageBytes, slot - 1, work.otherKey);
    int high = NodeEdit.copyKey(node, pageBytes, slot, work.separator);
    work.separatorLength =
        NodeFit.separate(work.otherKey, low, work.separator, high, work.separator);
  }

  /** Writes a separator between a new key at the first or last place and its only neighbour. */
  private void separateFrom(TreeWork work, long node, int at, long key, int keyLength) {
    if (at == 0) {
      int length = NodeEdit.copyKey(node, pageBytes, 0, work.otherKey);
      work.separatorLength =
          NodeFit.separate(key, keyLength, work.otherKey, length, work.separator);
    } else {
      int length = NodeEdit.copyKey(node, pageBytes, at - 1, work.otherKey);
      work.separatorLength =
          NodeFit.separate(work.otherKey, length, key, keyLength, work.separator);
    }
  }

  /** Splits the root at a slot; its separator is chosen. The halves are {@code work.extents}. */
  void splitRoot(TreeWork work, StructureStep step, int first, boolean isApart) throws IOException {
    long root = pool.address(core.rootId);
    choosePages(work, step, 2, isApart);
    long left = work.extents.page(0);
    long right = work.extents.page(1);
    step.create(left);
    step.create(right);
    step.enter();
    allocator.logAllocated(step, work.extents);
    int level = Node.level(root);
    int count = Node.storedCount(root);
    long separator = work.separator;
    int length = work.separatorLength;
    Fences all = new Fences(separator, 0, separator, Node.NO_FENCE);
    long leftLink = level == 0 ? right : Node.child(root, pageBytes, first);
    buildFrom(root, left, leftLink, all.withUpper(separator, length), 0, first);
    int rightFirst = level == 0 ? first : first + 1;
    buildFrom(root, right, Node.link(root), all.withLower(separator, length), rightFirst, count);
    NodeEdit.initialize(root, pageBytes, level + 1, right, all);
    IndexMemory.putLong(work.scratch, left);
    NodeEdit.appendKey(root, separator, length, work.scratch, Node.CHILD_BYTES);
    step.image(core.rootId);
    step.image(left);
    step.image(right);
    step.commit();
  }

  private void choosePages(TreeWork work, StructureStep step, int pages, boolean isApart)
      throws IOException {
    if (isApart) {
      allocator.chooseApart(step, work.extents, pages, work.page);
    } else {
      allocator.choose(step, work.extents, pages);
    }
  }

  private void buildFrom(long from, long pageId, long link, Fences fences, int first, int limit) {
    long page = pool.address(pageId);
    NodeEdit.initialize(page, pageBytes, Node.level(from), link, fences);
    NodeEdit.appendSlots(page, pageBytes, from, first, limit);
  }

  /** Splits a node at a slot; false when the parent has no room for the separator chosen. */
  boolean trySplit(TreeWork work, StructureStep step, int first, boolean isApart)
      throws IOException {
    long node = pool.address(work.page);
    long parent = pool.address(work.parent);
    long separator = work.separator;
    int length = work.separatorLength;
    if (NodeEdit.neededBytes(parent, length, Node.CHILD_BYTES)
        > Node.freeBytes(parent, pageBytes)) {
      return false;
    }
    choosePages(work, step, 1, isApart);
    long right = work.extents.page(0);
    step.create(right);
    step.enter();
    allocator.logAllocated(step, work.extents);
    int rightFirst = Node.level(node) == 0 ? first : first + 1;
    Fences fences = Fences.of(node, pageBytes).withLower(separator, length);
    buildFrom(node, right, Node.link(node), fences, rightFirst, Node.storedCount(node));
    step.image(right);
    cut(step, work.page, right, separator, length);
    step.deltaOfKey(ChangeKind.ADD_CHILD, work.parent, right, separator, length);
    step.commit();
    return true;
  }

  /** Cuts a node by a delta, or by an image where the delta might not fit an older content. */
  private void cut(StructureStep step, long pageId, long link, long separator, int length)
      throws IOException {
    long node = pool.address(pageId);
    boolean isSafe = Node.reservedBytes(length) <= Node.reservedBytes(Node.upperLength(node));
    if (isSafe || Node.level(node) > 0) {
      step.deltaOfKey(ChangeKind.CUT, pageId, link, separator, length);
    } else {
      step.imageAfter(ChangeKind.CUT, pageId, link, separator, length);
    }
  }

  /** Returns 1 or -1 for the right or left sibling when it has room for records, else 0. */
  private int roomierSibling(TreeWork work) throws IOException {
    long parent = pool.address(work.parent);
    int position = work.position;
    if (position < Node.count(parent, pageBytes) && hasRoom(work, position + 1)) {
      return 1;
    }
    return position > 0 && hasRoom(work, position - 1) ? -1 : 0;
  }

  private boolean hasRoom(TreeWork work, int position) throws IOException {
    long sibling = Node.child(pool.address(work.parent), pageBytes, position);
    if (!pool.validate(work.parent, work.parentToken)) {
      return false;
    }
    long token;
    try {
      token = core.childToken(work.parent, work.parentToken, sibling);
    } catch (IOException e) {
      core.noteLeftOut(e);
      return false;
    }
    if (token == TreeCore.NO_TOKEN) {
      return false;
    }
    int free = Node.freeBytes(pool.address(sibling), pageBytes);
    return pool.validate(sibling, token) && free > pageBytes / 16 * SHIFT_FREE_SIXTEENTHS;
  }

  /** Moves records of a full leaf to a sibling, until both are about equally full. */
  private boolean tryShift(
      TreeWork work, StructureStep step, long key, int keyLength, int direction, int needed)
      throws IOException {
    long parent = pool.address(work.parent);
    int position = NodeSearch.childPosition(parent, pageBytes, key, keyLength);
    int slot = direction > 0 ? position : position - 1;
    if (slot < 0 || slot >= Node.storedCount(parent)) {
      return false;
    }
    long siblingId = Node.child(parent, pageBytes, position + direction);
    step.latch(siblingId);
    long node = pool.address(work.page);
    long sibling = pool.address(siblingId);
    int first = firstToShift(node, sibling, direction);
    if (first <= 0 || first >= Node.storedCount(node)) {
      return false;
    }
    separateAt(work, node, first);
    int oldLength = NodeEdit.copyKey(parent, pageBytes, slot, work.otherKey);
    int growth = work.separatorLength - oldLength;
    int order = IndexMemory.compare(key, keyLength, work.separator, work.separatorLength);
    boolean goesToSibling = direction > 0 == order >= 0;
    if (growth > Node.freeBytes(parent, pageBytes)
        || !fitsShifted(work, node, sibling, first, direction, goesToSibling ? needed : -needed)) {
      return false;
    }
    step.enter();
    shift(work, step, siblingId, first, direction);
    moveSeparator(work, step, oldLength);
    step.commit();
    return true;
  }

  /** Returns the slot from which on (to the right), or up to which (to the left), records move. */
  private int firstToShift(long node, long sibling, int direction) {
    int goal = (Node.freeBytes(sibling, pageBytes) - Node.freeBytes(node, pageBytes)) / 2;
    int count = Node.storedCount(node);
    int moved = 0;
    int slots = 0;
    while (slots < count && moved < goal) {
      int slot = direction > 0 ? count - 1 - slots : slots;
      moved += NodeFit.slotBytes(node, pageBytes, slot, slot + 1);
      slots++;
    }
    return direction > 0 ? count - slots : slots;
  }

  /** Both leaves must hold their records, and the one that covers the new key that one, too. */
  boolean fitsShifted(
      TreeWork work, long node, long sibling, int first, int direction, int needed) {
    Fences fences = shiftedFences(work, sibling, direction);
    int prefix = fences.prefixLength();
    int moveFirst = direction > 0 ? first : 0;
    int moveLimit = direction > 0 ? Node.storedCount(node) : first;
    int count = Node.storedCount(sibling);
    int moved =
        NodeFit.slotBytes(node, pageBytes, moveFirst, moveLimit)
            + (moveLimit - moveFirst) * (Node.prefixLength(node) - prefix);
    int present = Node.recordBytes(sibling) + count * Node.SLOT_BYTES;
    int shrink = Node.prefixLength(sibling) - prefix;
    int bytes =
        NodeFit.bytesWith(present, count, shrink, fences.lowerLength(), fences.upperLength());
    int capacity = NodeFit.capacity(pageBytes);
    int old = direction > 0 ? Node.upperLength(node) : Node.lowerLength(node);
    int grown = Node.reservedBytes(work.separatorLength) - Node.reservedBytes(old);
    int kept =
        Node.freeBytes(node, pageBytes) + NodeFit.slotBytes(node, pageBytes, moveFirst, moveLimit);
    int siblingNeeds = needed <= 0 ? 0 : needed + Node.prefixLength(node) - prefix;
    int nodeNeeds = needed < 0 ? -needed : 0;
    return moved + bytes + siblingNeeds <= capacity && grown + nodeNeeds <= kept;
  }

  private Fences shiftedFences(TreeWork work, long sibling, int direction) {
    Fences fences = Fences.of(sibling, pageBytes);
    return direction > 0
        ? fences.withLower(work.separator, work.separatorLength)
        : fences.withUpper(work.separator, work.separatorLength);
  }

  void shift(TreeWork work, StructureStep step, long siblingId, int first, int direction)
      throws IOException {
    long node = pool.address(work.page);
    long sibling = pool.address(siblingId);
    long copy = work.scratch;
    IndexMemory.copy(sibling, copy, pageBytes);
    int count = Node.storedCount(copy);
    Fences fences = shiftedFences(work, copy, direction);
    NodeEdit.initialize(sibling, pageBytes, 0, Node.link(copy), fences);
    if (direction > 0) {
      NodeEdit.appendSlots(sibling, pageBytes, node, first, Node.storedCount(node));
      NodeEdit.appendSlots(sibling, pageBytes, copy, 0, count);
    } else {
      NodeEdit.appendSlots(sibling, pageBytes, copy, 0, count);
      NodeEdit.appendSlots(sibling, pageBytes, node, 0, first);
    }
    step.image(siblingId);
    if (direction > 0) {
      cut(step, work.page, siblingId, work.separator, work.separatorLength);
    } else {
      cutBelow(work, step, node);
    }
  }

  private void cutBelow(TreeWork work, StructureStep step, long node) throws IOException {
    int length = work.separatorLength;
    boolean isSafe = Node.reservedBytes(length) <= Node.reservedBytes(Node.lowerLength(node));
    if (isSafe) {
      step.deltaOfKey(ChangeKind.CUT_BELOW, work.page, 0, work.separator, length);
    } else {
      step.imageAfter(ChangeKind.CUT_BELOW, work.page, 0, work.separator, length);
    }
  }

  /** Replaces the separator in {@code work.otherKey} by the one in {@code work.separator}. */
  void moveSeparator(TreeWork work, StructureStep step, int oldLength) throws IOException {
    int length = PageDelta.KEY_OFFSET + oldLength + work.separatorLength;
    long payload = step.delta(ChangeKind.MOVE_SEPARATOR, work.parent, length);
    IndexMemory.putLong(payload, oldLength);
    IndexMemory.copy(work.otherKey, payload + PageDelta.KEY_OFFSET, oldLength);
    IndexMemory.copy(
        work.separator, payload + PageDelta.KEY_OFFSET + oldLength, work.separatorLength);
    step.apply();
  }

  /** Merges the sparse node of a key with a sibling, then its parents as far as they are sparse. */
  void mergeUpwards(TreeWork work, long key, int keyLength, int first) throws IOException {
    for (int level = first; level < TreeCore.LEVELS_MAX; level++) {
      if (!tryMerge(work, key, keyLength, level)) {
        return;
      }
    }
  }

  /** Returns true when a merge left the parent sparse. Best effort: gives up when disturbed. */
  private boolean tryMerge(TreeWork work, long key, int keyLength, int level) throws IOException {
    if (!core.tryDescend(work, key, keyLength, level)) {
      return false;
    }
    StructureStep step = work.step;
    step.begin(pool, log);
    try {
      if (!tryLatch(work, step, key, keyLength, level, false)
          || Node.level(pool.address(work.page)) != level) {
        return false;
      }
      if (work.parent < 0) {
        tryShrinkRoot(work, step);
        return false;
      }
      long parent = pool.address(work.parent);
      int slot = Math.min(work.position, Node.storedCount(parent) - 1);
      if (slot < 0 || !isSparse(pool.address(work.page), pageBytes)) {
        return false;
      }
      long left = Node.child(parent, pageBytes, slot);
      long right = Node.child(parent, pageBytes, slot + 1);
      if (level == 0 && core.contention.sparesFromMerge(left)) {
        return false;
      }
      step.latch(left);
      step.latch(right);
      if (!fitsMerged(work, left, right, slot)) {
        return false;
      }
      merge(work, step, left, right);
      return isParentSparse(work);
    } finally {
      step.end();
    }
  }

  /** Also writes the separator between the two. */
  private boolean fitsMerged(TreeWork work, long leftId, long rightId, int slot) {
    long left = pool.address(leftId);
    long right = pool.address(rightId);
    work.separatorLength =
        NodeEdit.copyKey(pool.address(work.parent), pageBytes, slot, work.separator);
    int bytes = NodeFit.mergedBytes(left, right, pageBytes, work.separatorLength);
    int capacity = NodeFit.capacity(pageBytes);
    boolean isNearlyEmpty = isNearlyEmpty(left) || isNearlyEmpty(right);
    return bytes <= (isNearlyEmpty ? capacity : capacity - capacity / MERGED_FREE_DIVISOR);
  }

  /** Tells whether a merge of its children has left the parent sparse. */
  boolean isParentSparse(TreeWork work) {
    long parent = pool.address(work.parent);
    return work.parent == core.rootId ? Node.storedCount(parent) == 0 : isSparse(parent, pageBytes);
  }

  private boolean isNearlyEmpty(long node) {
    return Node.recordBytes(node) < pageBytes / NEARLY_EMPTY_DIVISOR;
  }

  void merge(TreeWork work, StructureStep step, long leftId, long rightId) throws IOException {
    work.extents.clear();
    work.extents.add(rightId, 1);
    allocator.latchMaps(step, work.extents);
    step.enter();
    long left = pool.address(leftId);
    long right = pool.address(rightId);
    long copy = work.scratch;
    IndexMemory.copy(left, copy, pageBytes);
    NodeEdit.initialize(
        left,
        pageBytes,
        Node.level(copy),
        Node.link(right),
        NodeFit.mergedFences(copy, right, pageBytes));
    NodeEdit.appendSlots(left, pageBytes, copy, 0, Node.storedCount(copy));
    if (Node.level(copy) > 0) {
      IndexMemory.putLong(work.otherKey, Node.link(copy));
      NodeEdit.appendKey(
          left, work.separator, work.separatorLength, work.otherKey, Node.CHILD_BYTES);
    }
    NodeEdit.appendSlots(left, pageBytes, right, 0, Node.storedCount(right));
    step.image(leftId);
    step.free(rightId);
    step.deltaOfKey(ChangeKind.DROP_CHILD, work.parent, 0, work.separator, work.separatorLength);
    allocator.logFreed(step, work.extents);
    step.commit();
  }

  /** Moves the only child's content into the root. */
  private void tryShrinkRoot(TreeWork work, StructureStep step) throws IOException {
    long root = pool.address(core.rootId);
    if (Node.level(root) == 0 || Node.storedCount(root) > 0) {
      return;
    }
    long childId = Node.link(root);
    step.latch(childId);
    work.extents.clear();
    work.extents.add(childId, 1);
    allocator.latchMaps(step, work.extents);
    step.enter();
    long child = pool.address(childId);
    PageHeader.type(root, PageHeader.type(child));
    IndexMemory.copy(
        child + PageHeader.LENGTH_BYTES,
        root + PageHeader.LENGTH_BYTES,
        pageBytes - PageHeader.LENGTH_BYTES);
    step.image(core.rootId);
    step.free(childId);
    allocator.logFreed(step, work.extents);
    step.commit();
  }

  /**
   * Removes a key with an overflow value and frees its run, in one step.
   *
   * @param newLength the length of the value that the caller puts in its place, for which there is
   *     room and the leaf stays latched, so that the key is never seen to be gone; or {@link
   *     TreeCore#NO_VALUE}
   * @return false when it must be looked at again
   */
  boolean unlinkOverflow(TreeWork work, long key, int keyLength, int restarts, int newLength)
      throws IOException {
    boolean isLatched = restarts >= TreeCore.RESTARTS_MAX;
    StructureStep step = work.step;
    step.begin(pool, log);
    try {
      if (isLatched) {
        core.latchLeaf(work, key, keyLength, restarts);
        step.adopt(work.page);
      } else if (!core.tryDescend(work, key, keyLength, 0)) {
        return false;
      }
      long run = readRun(work, key, keyLength, isLatched);
      if (run < 0 || !isLatched && !pool.tryUpgrade(work.page, work.token)) {
        return false;
      }
      if (!isLatched) {
        step.adopt(work.page);
      }
      boolean isExchange = newLength != TreeCore.NO_VALUE;
      if (isExchange && !core.hasRoom(work.page, key, keyLength, newLength)) {
        return false;
      }
      allocator.latchMaps(step, work.extents);
      step.enter();
      step.deltaOfKey(ChangeKind.UNLINK, work.page, 0, key, keyLength);
      allocator.logFreed(step, work.extents);
      IndexMemory.putLong(step.marker(ChangeKind.RUN_END, Long.BYTES), run);
      if (isExchange) {
        step.commitKeepingFirst();
      } else {
        step.commit();
      }
      return true;
    } finally {
      step.end();
    }
  }

  /** Reads the extents of a key's run; returns its LSN, or -1 when the leaf has changed. */
  private long readRun(TreeWork work, long key, int keyLength, boolean isLatched)
      throws IOException {
    long leaf = pool.address(work.page);
    int slot = NodeSearch.find(leaf, pageBytes, key, keyLength);
    if (slot < 0) {
      return -1;
    }
    long word = Node.slot(leaf, slot);
    int offset =
        Node.recordOffset(word, pageBytes) + Node.RECORD_HEADER_BYTES + Node.suffixLength(word);
    long reference = leaf + Math.min(offset, pageBytes);
    long first = IndexMemory.getLong(reference + 8);
    long run = IndexMemory.getLong(reference + 16);
    if (isLatched) {
      OverflowPage.readExtents(core, work, first, run);
      return run;
    }
    boolean isRead =
        pool.validate(work.page, work.token) && OverflowPage.tryReadExtents(core, work, first, run);
    return isRead ? run : -1;
  }
}
