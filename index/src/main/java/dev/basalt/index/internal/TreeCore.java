// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index.internal;

import dev.basalt.bufferpool.BufferPool;
import dev.basalt.bufferpool.PageHeader;
import dev.basalt.index.ContentionConfig;
import dev.basalt.index.DamagedTreeException;
import dev.basalt.index.PageRun;
import dev.basalt.index.StructureLog;
import dev.basalt.index.TreeContention;
import dev.basalt.index.ValueBuffer;
import dev.basalt.index.internal.NodeEdit.Fences;
import java.io.IOException;

/**
 * Look-up and change of single records, by optimistic lock coupling (Leis et al., "The ART of
 * Practical Synchronization", DaMoN 2016; for B+trees "Optimistic Lock Coupling", IEEE Data Eng.
 * Bull. 2019).
 *
 * <p>A descent reads each node under its token and validates the parent after it has the child's
 * token. Whoever finds that something changed starts again; after {@link #RESTARTS_MAX} times it
 * descends with latches, parent and child at a time, so that it gets through.
 *
 * <p><b>Concurrency.</b> All methods may be called by any thread, each with its own working memory.
 * Latches are taken top-down, siblings under their latched parent, the space map last.
 */
public final class TreeCore {
  private static final System.Logger LOGGER = System.getLogger(TreeCore.class.getName());
  static final int RESTARTS_MAX = 64;
  static final int LEVELS_MAX = 64;

  /** Length of a value that is not put. */
  static final int NO_VALUE = -1;

  final BufferPool pool;
  final StructureLog log;
  final PageAllocator allocator;
  final int pageBytes;
  final long rootId;
  final ContentionSplit contention;
  final TreeStructure structure;

  /** How many levels there were when the root was last seen in memory, or 0. */
  private volatile int heightSeen;

  private volatile boolean hasWarned;

  /**
   * Opens a tree.
   *
   * @param pool the pages
   * @param log the log
   * @param allocator where pages come from
   * @param pageBytes the page size
   * @param rootId the root's page, the same for the tree's life
   * @param config when leaves are split for their writers' sake
   */
  public TreeCore(
      BufferPool pool,
      StructureLog log,
      PageAllocator allocator,
      int pageBytes,
      long rootId,
      ContentionConfig config) {
    this.pool = pool;
    this.log = log;
    this.allocator = allocator;
    this.pageBytes = pageBytes;
    this.rootId = rootId;
    structure = new TreeStructure(this);
    contention = new ContentionSplit(this, structure, config);
  }

  /**
   * Creates an empty tree: one structure record.
   *
   * @param pool the pages
   * @param log the log
   * @param allocator where pages come from
   * @param work working memory
   * @param isPending whether the page is a run that a later record publishes
   * @return the page of the root
   * @throws IOException when there is no room, or the log or the pool has failed
   */
  public static PageRun create(
      BufferPool pool, StructureLog log, PageAllocator allocator, TreeWork work, boolean isPending)
      throws IOException {
    StructureStep step = work.step;
    step.begin(pool, log);
    try {
      allocator.choose(step, work.extents, 1);
      long root = work.extents.page(0);
      step.create(root);
      step.enter();
      allocator.logAllocated(step, work.extents);
      Fences all = new Fences(work.separator, 0, work.separator, Node.NO_FENCE);
      NodeEdit.initialize(pool.address(root), work.pageBytes(), 0, 0, all);
      step.image(root);
      if (isPending) {
        int length = work.extents.size() * PageDelta.EXTENT_BYTES;
        work.extents.write(step.marker(ChangeKind.RUN_START, length), 0, work.extents.size());
      }
      return new PageRun(step.commit(), work.extents.firsts(), work.extents.counts());
    } finally {
      step.end();
    }
  }

  /**
   * Returns the root's page.
   *
   * @return its id
   */
  public long rootId() {
    return rootId;
  }

  /**
   * Returns how many levels the tree has.
   *
   * @return 1 for a single leaf; a hint, since it may change at any time
   */
  public int height() {
    long token = pool.tryOptimistic(rootId);
    int height = Math.min(LEVELS_MAX, Node.level(pool.address(rootId)) + 1);
    if (token == BufferPool.NOT_RESIDENT || !pool.validate(rootId, token)) {
      return heightSeen == 0 ? HEIGHT_UNSEEN : heightSeen;
    }
    if (height != heightSeen) {
      heightSeen = height;
    }
    return height;
  }

  /**
   * Returns the page size.
   *
   * @return bytes
   */
  public int pageBytes() {
    return pageBytes;
  }

  /**
   * Returns how much writers got into each other's way.
   *
   * @return a snapshot
   */
  public TreeContention contention() {
    return contention.statistics();
  }

  /**
   * Reads a value.
   *
   * @param work working memory
   * @param key absolute address of the key
   * @param keyLength its length
   * @param out takes the value or the reference to it
   * @return false when the key is not there
   * @throws IOException when a page cannot be read
   */
  public boolean get(TreeWork work, long key, int keyLength, ValueBuffer out) throws IOException {
    for (int restarts = 0; restarts < RESTARTS_MAX; restarts++) {
      if (tryDescend(work, key, keyLength, 0)) {
        boolean isFound = copyValue(pool.address(work.page), key, keyLength, out);
        if (pool.validate(work.page, work.token)) {
          return isFound;
        }
      }
    }
    latchLeaf(work, key, keyLength, RESTARTS_MAX);
    try {
      return copyValue(pool.address(work.page), key, keyLength, out);
    } finally {
      pool.unlatchExclusive(work.page, false);
    }
  }

  /**
   * Stores a value.
   *
   * @param work working memory
   * @param key absolute address of the key
   * @param keyLength its length
   * @param value the inline value or reference
   * @param lsn LSN of the logical record
   * @return whether the key was there before
   * @throws IOException when a page cannot be read, or the log or the pool has failed
   */
  public boolean put(TreeWork work, long key, int keyLength, ValueBuffer value, long lsn)
      throws IOException {
    beginUpdate(work, lsn);
    for (int restarts = 0; ; restarts++) {
      if (!latchLeaf(work, key, keyLength, restarts)) {
        continue;
      }
      long leaf = pool.address(work.page);
      int slot = NodeSearch.find(leaf, pageBytes, key, keyLength);
      if (!hasRoom(leaf, slot, keyLength, value.lengthBytes())) {
        int needed = NodeEdit.neededBytes(leaf, keyLength, value.lengthBytes());
        pool.unlatchExclusive(work.page, false);
        work.isSampled = false; // One split is what the log and the pages were reserved for.
        structure.makeRoom(work, key, keyLength, 0, needed);
        continue;
      }
      if (slot >= 0 && isReference(leaf, slot)) {
        work.isSampled = false;
        boolean isSame = isSameReference(leaf, slot, value);
        pool.unlatchExclusive(work.page, false);
        if (isSame || tryExchange(work, key, keyLength, value, lsn, restarts)) {
          return true;
        }
        continue;
      }
      int at = slot >= 0 ? slot : -1 - slot;
      boolean isToSplit = work.isSampled && contention.note(work, at, key, keyLength);
      storeAndUnlatch(work, slot, key, keyLength, value, lsn, false);
      if (isToSplit) {
        contention.split(work, key, keyLength);
      }
      return slot >= 0;
    }
  }

  /** Puts a value in place of one in overflow pages; false when it must be looked at again. */
  private boolean tryExchange(
      TreeWork work, long key, int keyLength, ValueBuffer value, long lsn, int restarts)
      throws IOException {
    int length = value.lengthBytes();
    if (!structure.unlinkOverflow(work, key, keyLength, restarts, length)) {
      return false;
    }
    int slot = NodeSearch.find(pool.address(work.page), pageBytes, key, keyLength);
    storeAndUnlatch(work, slot, key, keyLength, value, lsn, true);
    return true;
  }

  /** Tells whether a latched leaf has room for a record, in place of one with the same key. */
  boolean hasRoom(long pageId, long key, int keyLength, int valueLength) {
    long leaf = pool.address(pageId);
    int slot = NodeSearch.find(leaf, pageBytes, key, keyLength);
    return hasRoom(leaf, slot, keyLength, valueLength);
  }

  private boolean hasRoom(long leaf, int slot, int keyLength, int valueLength) {
    int needed = NodeEdit.neededBytes(leaf, keyLength, valueLength);
    return Node.freeBytes(leaf, pageBytes) + gainedBytes(leaf, slot) >= needed;
  }

  /**
   * Removes a key.
   *
   * @param work working memory
   * @param key absolute address of the key
   * @param keyLength its length
   * @param lsn LSN of the logical record
   * @return whether the key was there
   * @throws IOException when a page cannot be read, or the log or the pool has failed
   */
  public boolean delete(TreeWork work, long key, int keyLength, long lsn) throws IOException {
    boolean wasUnlinked = false;
    beginUpdate(work, lsn);
    for (int restarts = 0; ; restarts++) {
      if (!latchLeaf(work, key, keyLength, restarts)) {
        continue;
      }
      long leaf = pool.address(work.page);
      int slot = NodeSearch.find(leaf, pageBytes, key, keyLength);
      if (slot < 0) {
        boolean isSparse = wasUnlinked && TreeStructure.isSparse(leaf, pageBytes);
        pool.unlatchExclusive(work.page, false);
        if (isSparse) {
          mergeIfRead(work, key, keyLength);
        }
        return wasUnlinked;
      }
      if (isReference(leaf, slot)) {
        pool.unlatchExclusive(work.page, false);
        wasUnlinked |= structure.unlinkOverflow(work, key, keyLength, restarts, NO_VALUE);
        continue;
      }
      if (work.isSampled) {
        contention.note(work, slot, key, keyLength); // no split: no pages were reserved
      }
      boolean isSparse = removeAndUnlatch(work, slot, lsn);
      if (isSparse) {
        mergeIfRead(work, key, keyLength);
      }
      return true;
    }
  }

  private void mergeIfRead(TreeWork work, long key, int keyLength) {
    try {
      structure.mergeUpwards(work, key, keyLength, 0);
    } catch (IOException e) {
      noteLeftOut(e);
    }
  }

  /**
   * A split or merge that nobody waits for, and that could not read a page, is left out: the change
   * before it is done, whoever needs the page is told, and a log or a pool that has failed tells
   * the store itself.
   */
  void noteLeftOut(IOException e) {
    if (!hasWarned) {
      hasWarned = true;
      LOGGER.log(
          System.Logger.Level.WARNING,
          "leaves are not merged or split where pages cannot be read",
          e);
    }
  }

  private void beginUpdate(TreeWork work, long lsn) {
    work.isSampled = contention.isSampled(lsn);
    work.isContended = false;
  }

  /** Reads the leaf's value into the buffer; the result is garbage unless the leaf is validated. */
  boolean copyValue(long leaf, long key, int keyLength, ValueBuffer out) {
    int slot = NodeSearch.find(leaf, pageBytes, key, keyLength);
    if (slot < 0) {
      return false;
    }
    long word = Node.slot(leaf, slot);
    int record = Node.recordOffset(word, pageBytes);
    int field = Node.valueField(leaf, record);
    int length = Node.valueLength(field);
    int value = record + Node.RECORD_HEADER_BYTES + Node.suffixLength(word);
    if (value + length > pageBytes) {
      return false;
    }
    out.copyFrom(leaf + value, length, (field & Node.OVERFLOW_BIT) != 0);
    return true;
  }

  private void storeAndUnlatch(
      TreeWork work,
      int slot,
      long key,
      int keyLength,
      ValueBuffer value,
      long lsn,
      boolean wasChanged)
      throws IOException {
    long token = log.enterChange();
    boolean isChanged = wasChanged;
    try {
      StructureStep.logBase(pool, log, work.step.baseImage(), work.page);
      isChanged = true;
      store(work, slot, key, keyLength, value);
      stamp(work.page, lsn);
    } finally {
      pool.unlatchExclusive(work.page, isChanged);
      log.exitChange(token);
    }
  }

  private void store(TreeWork work, int slot, long key, int keyLength, ValueBuffer value) {
    long leaf = pool.address(work.page);
    int field = value.lengthBytes() | (value.isReference() ? Node.OVERFLOW_BIT : 0);
    int insertAt = slot >= 0 ? slot : -1 - slot;
    if (slot >= 0) {
      long word = Node.slot(leaf, slot);
      int record = Node.recordOffset(word, pageBytes);
      if (Node.valueField(leaf, record) == field) {
        int offset = record + Node.RECORD_HEADER_BYTES + Node.suffixLength(word);
        IndexMemory.copy(value.address(), leaf + offset, value.lengthBytes());
        return;
      }
      NodeEdit.remove(leaf, pageBytes, slot);
    }
    int needed = NodeEdit.neededBytes(leaf, keyLength, value.lengthBytes());
    boolean hasRoom = NodeEdit.tryMakeRoom(leaf, pageBytes, work.scratch, needed);
    assert hasRoom : "room was checked before";
    NodeEdit.insert(leaf, insertAt, key, keyLength, value.address(), field);
  }

  /** Removes a record; returns whether the leaf should be merged. */
  private boolean removeAndUnlatch(TreeWork work, int slot, long lsn) throws IOException {
    long leaf = pool.address(work.page);
    long token = log.enterChange();
    boolean isChanged = false;
    try {
      StructureStep.logBase(pool, log, work.step.baseImage(), work.page);
      isChanged = true;
      NodeEdit.remove(leaf, pageBytes, slot);
      stamp(work.page, lsn);
      return TreeStructure.isSparse(leaf, pageBytes);
    } finally {
      pool.unlatchExclusive(work.page, isChanged);
      log.exitChange(token);
    }
  }

  private void stamp(long pageId, long lsn) {
    long page = pool.address(pageId);
    PageHeader.lsn(page, Math.max(PageHeader.lsn(page), lsn));
  }

  private boolean isReference(long leaf, int slot) {
    int record = Node.recordOffset(Node.slot(leaf, slot), pageBytes);
    return (Node.valueField(leaf, record) & Node.OVERFLOW_BIT) != 0;
  }

  private boolean isSameReference(long leaf, int slot, ValueBuffer value) {
    long word = Node.slot(leaf, slot);
    long reference =
        leaf
            + Node.recordOffset(word, pageBytes)
            + Node.RECORD_HEADER_BYTES
            + Node.suffixLength(word);
    return value.isReference()
        && IndexMemory.compare(
                reference,
                ValueBuffer.REFERENCE_BYTES,
                value.address(),
                ValueBuffer.REFERENCE_BYTES)
            == 0;
  }

  /** Returns what the removal of a slot gives. */
  private int gainedBytes(long leaf, int slot) {
    return slot < 0
        ? 0
        : Node.SLOT_BYTES + NodeEdit.recordLength(leaf, pageBytes, Node.slot(leaf, slot));
  }

  /** Latches the leaf of a key exclusively; false when it must be tried again. */
  boolean latchLeaf(TreeWork work, long key, int keyLength, int restarts) throws IOException {
    if (restarts < RESTARTS_MAX) {
      return tryDescend(work, key, keyLength, 0)
          && (pool.tryUpgrade(work.page, work.token) || disturbed(work, work.page, work.token));
    }
    descendLatched(work, key, keyLength, 0);
    if (work.parent >= 0) {
      pool.unlatchExclusive(work.parent, false);
    }
    return true;
  }

  /**
   * Descends optimistically to a level, or to the root where the tree is lower.
   *
   * @return false when something changed meanwhile
   */
  boolean tryDescend(TreeWork work, long key, int keyLength, int level) throws IOException {
    long parent = -1;
    long parentToken = 0;
    int position = 0;
    long page = rootId;
    if (work.isSampled) {
      lookForWriter(work, page, 0);
    }
    long token = pool.optimistic(page);
    for (int depth = 0; depth < LEVELS_MAX; depth++) {
      long node = pool.address(page);
      if (Node.level(node) <= level) {
        return tryArrive(work, page, token, parent, parentToken, position);
      }
      position = position(work.mode, node, key, keyLength);
      long child = Node.child(node, pageBytes, position);
      if (!pool.validate(page, token)) {
        return false;
      }
      if (work.isSampled) {
        lookForWriter(work, child, Node.level(node) - 1);
      }
      long childToken = childToken(page, token, child);
      work.touched = NodeSearch.touch(pool.address(child));
      if (childToken == NO_TOKEN || !pool.validate(page, token)) {
        return false;
      }
      parent = page;
      parentToken = token;
      page = child;
      token = childToken;
    }
    throw new DamagedTreeException(page, "more than " + LEVELS_MAX + " levels");
  }

  /** Notes for a sampled update that its leaf is latched by another writer. */
  private void lookForWriter(TreeWork work, long page, int level) {
    boolean isPage = page > 0 && page < allocator.limit();
    work.isContended |= level == 0 && isPage && pool.isLatchedExclusive(page);
  }

  /** Notes for a sampled update that a writer got between; returns false. */
  private boolean disturbed(TreeWork work, long page, long token) {
    work.isContended |= work.isSampled && pool.isChanged(page, token);
    return false;
  }

  int position(int mode, long node, long key, int keyLength) {
    return switch (mode) {
      case TreeWork.AT -> NodeSearch.childPosition(node, pageBytes, key, keyLength);
      case TreeWork.BELOW -> NodeSearch.childPositionBelow(node, pageBytes, key, keyLength);
      default -> Node.count(node, pageBytes);
    };
  }

  /** As good as any for a tree whose root was never seen: more pages than there are need it. */
  private static final int HEIGHT_UNSEEN = 8;

  /** No state word: no page is evicted with the highest version there can be. */
  static final long NO_TOKEN = -1;

  /** Begins to read a child; an error counts only while the parent is as it was. */
  long childToken(long page, long token, long child) throws IOException {
    return childToken(page, token, child, false);
  }

  /** Begins to read a child, as one who will not come back to it if that is said. */
  long childToken(long page, long token, long child, boolean isPassing) throws IOException {
    if (child <= 0 || child >= allocator.limit()) {
      throw new DamagedTreeException(page, "its child has the page id " + child);
    }
    try {
      return isPassing ? pool.passing().optimistic(child) : pool.optimistic(child);
    } catch (IOException e) {
      if (pool.validate(page, token)) {
        throw e;
      }
      return NO_TOKEN;
    }
  }

  boolean tryArrive(
      TreeWork work, long page, long token, long parent, long parentToken, int position)
      throws DamagedTreeException {
    boolean isNode = Node.isNode(pool.address(page));
    if (!pool.validate(page, token)) {
      return disturbed(work, page, token);
    }
    if (!isNode) {
      throw new DamagedTreeException(page, "not a node of a tree");
    }
    work.page = page;
    work.token = token;
    work.parent = parent;
    work.parentToken = parentToken;
    work.position = position;
    return true;
  }

  /** Descends with exclusive latches; the page and its parent, if any, are latched then. */
  void descendLatched(TreeWork work, long key, int keyLength, int level) throws IOException {
    long parent = -1;
    long page = rootId;
    pool.latchExclusive(page);
    boolean isDone = false;
    try {
      while (Node.level(pool.address(page)) > level) {
        long node = pool.address(page);
        work.position = position(work.mode, node, key, keyLength);
        long child = Node.child(node, pageBytes, work.position);
        pool.latchExclusive(child);
        if (parent >= 0) {
          pool.unlatchExclusive(parent, false);
        }
        parent = page;
        page = child;
      }
      isDone = true;
    } finally {
      if (!isDone) {
        pool.unlatchExclusive(page, false);
        if (parent >= 0) {
          pool.unlatchExclusive(parent, false);
        }
      }
    }
    work.page = page;
    work.parent = parent;
  }
}
