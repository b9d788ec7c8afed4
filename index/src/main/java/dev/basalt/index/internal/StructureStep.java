// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index.internal;

import dev.basalt.bufferpool.BufferPool;
import dev.basalt.bufferpool.PageHeader;
import dev.basalt.index.StructureChange;
import dev.basalt.index.StructureLog;
import java.io.IOException;

/**
 * One structure change: the pages it latched, its record, and the order of both.
 *
 * <p>{@link #begin}; latch pages ({@link #adopt}, {@link #latch}, {@link #create}); {@link #enter};
 * change them by deltas and images; {@link #commit}; {@link #end} always, which unlatches what a
 * step that was given up still holds. All waits are before {@link #enter}. A step that fails after
 * that leaves its pages with an LSN that never becomes durable, so that they are never written, and
 * ends the log, so that nobody waits for that.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time.
 */
public final class StructureStep {
  private static final int PAGES_MAX = BufferPool.LATCHES_PER_THREAD_MAX;
  private static final int LATCHED = 0;
  private static final int CREATED = 1;
  private static final int CHANGED = 2;
  private static final int FREED = 3;
  private static final long NEVER_DURABLE = Long.MAX_VALUE - 1;

  private final StructureChange change;
  private final StructureChange baseImage;
  private final long[] pageIds = new long[PAGES_MAX];
  private final int[] states = new int[PAGES_MAX];
  private final long scratch;
  private final int pageBytes;
  private int count;
  private boolean isEntered;
  private long token;
  private BufferPool pool;
  private StructureLog log;
  private long payload;
  private int payloadBytes;
  private int payloadKind;
  private long payloadPage;

  @SuppressWarnings("NullAway") // pool and log are set by begin, before any use
  StructureStep(int pageBytes, long scratch) {
    this.pageBytes = pageBytes;
    this.scratch = scratch;
    change = new StructureChange(pageBytes);
    baseImage = new StructureChange(pageBytes);
  }

  void begin(BufferPool ofPool, StructureLog ofLog) {
    assert count == 0 : "the step before has not ended";
    pool = ofPool;
    log = ofLog;
    change.clear();
    isEntered = false;
  }

  /** Takes over a page that the caller has latched exclusively. */
  void adopt(long pageId) {
    add(pageId, LATCHED);
  }

  /** Latches a page, unless the step holds it. */
  void latch(long pageId) throws IOException {
    if (!holds(pageId)) {
      checkRoom();
      pool.latchExclusive(pageId);
      add(pageId, LATCHED);
    }
  }

  void create(long pageId) throws IOException {
    checkRoom();
    pool.create(pageId);
    add(pageId, CREATED);
  }

  int pageCount() {
    return count;
  }

  boolean holds(long pageId) {
    return indexOf(pageId) >= 0;
  }

  /** Enters the section of the log in which pages change. No latch is waited for from here on. */
  void enter() {
    token = log.enterChange();
    isEntered = true;
  }

  /** Begins a delta; the caller fills the payload, then calls {@link #apply}. */
  long delta(int kind, long pageId, int lengthBytes) throws IOException {
    long page = pool.address(pageId);
    logBase(pool, log, baseImage, pageId);
    states[indexOf(pageId)] = CHANGED;
    payload = change.addPayload(kind, pageId, PageHeader.structureLsn(page), lengthBytes);
    payloadBytes = lengthBytes;
    payloadKind = kind;
    payloadPage = page;
    return payload;
  }

  /** Logs a page as it is, if its first change needs that; to be called before it is changed. */
  void base(long pageId) throws IOException {
    logBase(pool, log, baseImage, pageId);
  }

  void apply() {
    PageDelta.apply(payloadPage, pageBytes, payloadKind, payload, payloadBytes, scratch);
  }

  /** Makes and applies a delta with a key. */
  void deltaOfKey(int kind, long pageId, long argument, long key, int keyLength)
      throws IOException {
    long to = delta(kind, pageId, PageDelta.KEY_OFFSET + keyLength);
    IndexMemory.putLong(to, argument);
    IndexMemory.copy(key, to + PageDelta.KEY_OFFSET, keyLength);
    apply();
  }

  /** Changes a page as a delta would, but puts the whole page into the record. */
  void imageAfter(int kind, long pageId, long argument, long key, int keyLength) {
    int length = PageDelta.KEY_OFFSET + keyLength;
    baseImage.clear();
    long to = baseImage.addPayload(kind, pageId, 0, length);
    IndexMemory.putLong(to, argument);
    IndexMemory.copy(key, to + PageDelta.KEY_OFFSET, keyLength);
    PageDelta.apply(pool.address(pageId), pageBytes, kind, to, length, scratch);
    image(pageId);
  }

  /** Puts the whole page, as it will be at the commit, into the record. */
  void image(long pageId) {
    states[indexOf(pageId)] = CHANGED;
    change.addImage(ChangeKind.IMAGE, pageId, pool.address(pageId));
  }

  /** Adds the start or end of a run; the caller fills the payload. */
  long marker(int kind, int lengthBytes) {
    return change.addPayload(kind, -1, 0, lengthBytes);
  }

  /** Lets the page go at the commit: it was freed. */
  void free(long pageId) {
    states[indexOf(pageId)] = FREED;
  }

  /** Appends the record, stamps the pages and unlatches them; returns the LSN. */
  long commit() throws IOException {
    long lsn = append();
    unlatchAll();
    return lsn;
  }

  /**
   * The same, but one page, the first that the step has, stays latched: it was changed, and is the
   * caller's from now on.
   */
  long commitKeepingFirst() throws IOException {
    assert states[0] == CHANGED;
    long lsn = append();
    unlatchDownTo(1);
    count = 0;
    return lsn;
  }

  private long append() throws IOException {
    long lsn = log.append(change);
    for (int i = 0; i < count; i++) {
      if (states[i] == CHANGED) {
        long page = pool.address(pageIds[i]);
        PageHeader.lsn(page, lsn);
        PageHeader.structureLsn(page, lsn);
        PageHeader.flags(page, PageHeader.flags(page) & ~PageHeader.FLAG_UNLOGGED);
      }
    }
    return lsn;
  }

  /** Ends the step, committed or not. */
  void end() {
    if (count > 0 && isEntered) {
      boolean isLost = false;
      for (int i = 0; i < count; i++) {
        if (states[i] == CHANGED) {
          PageHeader.lsn(pool.address(pageIds[i]), NEVER_DURABLE);
          isLost = true;
        }
      }
      if (isLost) {
        log.changeLost();
      }
    }
    unlatchAll();
    if (isEntered) {
      isEntered = false;
      log.exitChange(token);
    }
  }

  /** Logs a page whole, if this is its first change since a checkpoint began. */
  static void logBase(BufferPool pool, StructureLog log, StructureChange change, long pageId)
      throws IOException {
    long page = pool.address(pageId);
    boolean isUnlogged = (PageHeader.flags(page) & PageHeader.FLAG_UNLOGGED) != 0;
    if (isUnlogged || PageHeader.lsn(page) < log.imageHorizon()) {
      change.clear();
      change.addImage(ChangeKind.BASE_IMAGE, pageId, page);
      PageHeader.lsn(page, log.append(change));
      PageHeader.flags(page, PageHeader.flags(page) & ~PageHeader.FLAG_UNLOGGED);
    }
  }

  StructureChange baseImage() {
    return baseImage;
  }

  private void unlatchAll() {
    unlatchDownTo(0);
  }

  private void unlatchDownTo(int kept) {
    while (count > kept) {
      count--;
      switch (states[count]) {
        case LATCHED -> pool.unlatchExclusive(pageIds[count], false);
        case CHANGED -> pool.unlatchExclusive(pageIds[count], true);
        default -> pool.discard(pageIds[count]);
      }
    }
  }

  private int indexOf(long pageId) {
    for (int i = 0; i < count; i++) {
      if (pageIds[i] == pageId) {
        return i;
      }
    }
    return -1;
  }

  private void checkRoom() {
    if (count == PAGES_MAX) {
      throw new AssertionError("more than " + PAGES_MAX + " latches");
    }
  }

  private void add(long pageId, int state) {
    checkRoom();
    pageIds[count] = pageId;
    states[count++] = state;
  }
}
