// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import java.lang.invoke.VarHandle;

/**
 * The state words of all pages: one 8-byte word per page, off-heap, changed by compare-and-set.
 * After vmcache (Leis et al., "Virtual-Memory Assisted Buffer Management", SIGMOD 2023, section 3).
 *
 * <pre>
 *  63       56 55    54      53                            0
 * +-----------+-----+-------+-------------------------------+
 * |   state   |dirty|writing|            version            |
 * +-----------+-----+-------+-------------------------------+
 *  state: 0 evicted, 1 exclusive, 2 marked, 3 unlocked, 4..255 shared by (state - 3)
 * </pre>
 *
 * <p>A fresh zero-filled mapping reads as "evicted, version 0", so the words of a large and mostly
 * unused range of page ids take no memory. States are ordered: from {@link #MARKED} up the content
 * is in memory and stands still.
 *
 * <p><b>Concurrency.</b> Nothing here waits or wakes; every method may be called by any thread that
 * holds what its name says.
 *
 * <ul>
 *   <li><b>Transitions.</b>
 *       <pre>
 *       evicted   -> exclusive  the thread that faults the page in or creates it
 *       exclusive -> unlocked   its holder; version + 1; may set dirty
 *       exclusive -> marked     its holder, having read the page ahead or for a long scan; version + 1
 *       exclusive -> shared     its holder, having faulted the page in; version + 1
 *       exclusive -> evicted    its holder, before its frame is given back; version + 1; clears dirty
 *       unlocked  -> exclusive  any
 *       unlocked  -> marked     the clock hand
 *       marked    -> unlocked   a reader: the second chance
 *       marked    -> exclusive  any; the evictor only where clean and not being written
 *       unlocked, marked, shared n -> shared n + 1    any, up to 252
 *       shared n  -> shared n - 1 or unlocked         a holder
 *       shared 1  -> marked     a writer that found the page marked
 *       </pre>
 *   <li><b>Flags.</b> Dirty is set by the exclusive holder as it unlatches, and cleared by a writer
 *       under a shared latch, together with setting writing; so a change made while a copy is on
 *       its way to the device makes the page dirty again. Writing is cleared by that writer at any
 *       time, under any state: hence no word is ever stored blindly. A page that is dirty or being
 *       written is not evicted, and one that is being written is not written a second time. Writing
 *       outlives a discard: the page id can be created again meanwhile, but not read.
 *   <li><b>Version.</b> Grows whenever content may have changed, also by eviction; never reset. 54
 *       bits last 5 years of one exclusive latch each 10 ns.
 *   <li><b>Ordering.</b> An exclusive holder's changes come before the compare-and-set that ends
 *       its latch (release) and so before a reader's load of the word (acquire). Its changes come
 *       after the compare-and-set that began the latch (volatile); a reader that saw any of them
 *       finds in {@link #validate}, after an acquire fence, an exclusive state or a newer version.
 *   <li><b>Progress.</b> Lock-free: a failed compare-and-set means that another one succeeded.
 * </ul>
 */
public final class PageStates {
  /** Bytes of one word. */
  public static final int WORD_BYTES = Long.BYTES;

  /** State: not in memory. */
  public static final int EVICTED = 0;

  /** State: latched by one holder that may change the page. */
  public static final int EXCLUSIVE = 1;

  /** State: unlatched and about to be evicted unless somebody reads it. */
  public static final int MARKED = 2;

  /** State: unlatched. */
  public static final int UNLOCKED = 3;

  /** State: latched by the most sharers there can be. */
  public static final int SHARED_MAX = 255;

  private static final int STATE_SHIFT = 56;
  private static final long STATE_ONE = 1L << STATE_SHIFT;
  private static final long DIRTY = 1L << 55;
  private static final long WRITING = 1L << 54;
  private static final long VERSION_MASK = WRITING - 1;
  private static final long FLAGS_AND_VERSION = STATE_ONE - 1;

  private final long base;

  /**
   * Wraps memory of state words.
   *
   * @param address absolute address of page 0's word, aligned to 8 bytes; outlives this object
   */
  public PageStates(long address) {
    base = address;
  }

  /**
   * Reads a state word with acquire strength.
   *
   * @param pageId the page
   * @return its word
   */
  public long word(long pageId) {
    return PageMemory.wordAcquire(base + (pageId << 3));
  }

  /**
   * Reads a state word with volatile strength, for a waiter's last look before it parks.
   *
   * @param pageId the page
   * @return its word
   */
  public long wordVolatile(long pageId) {
    return PageMemory.wordVolatile(base + (pageId << 3));
  }

  /**
   * Returns the state in a word.
   *
   * @param word a state word
   * @return 0 to 255
   */
  public static int state(long word) {
    return (int) (word >>> STATE_SHIFT);
  }

  /**
   * Tells whether the content changed since it was last written.
   *
   * @param word a state word
   * @return true when it did
   */
  public static boolean isDirty(long word) {
    return (word & DIRTY) != 0;
  }

  /**
   * Tells whether a write of the page is in flight.
   *
   * @param word a state word
   * @return true when one is
   */
  public static boolean isWriting(long word) {
    return (word & WRITING) != 0;
  }

  /**
   * Returns the version in a word.
   *
   * @param word a state word
   * @return 0 to 2^54 - 1
   */
  public static long version(long word) {
    return word & VERSION_MASK;
  }

  /**
   * Tells whether what was read since a word was seen is one consistent content.
   *
   * @param pageId the page
   * @param seen the word as seen before, in a state from {@link #MARKED} up
   * @return false when the page was latched exclusively or evicted since
   */
  public boolean validate(long pageId, long seen) {
    // Orders the page reads above before the word re-read below (seqlock reader, as
    // StampedLock.validate); pairs with the compare-and-set that began an exclusive latch.
    VarHandle.acquireFence();
    long now = word(pageId);
    return now == seen || isSameContent(now, seen);
  }

  private static boolean isSameContent(long now, long seen) {
    return state(now) >= MARKED && version(now) == version(seen);
  }

  /**
   * Adds a sharer.
   *
   * @param pageId the page
   * @param word its word as seen, in a state from {@link #MARKED} up to below {@link #SHARED_MAX}
   * @return false when the word has changed
   */
  public boolean tryShared(long pageId, long word) {
    assert state(word) >= MARKED;
    assert state(word) < SHARED_MAX;
    long next = state(word) == MARKED ? word + 2 * STATE_ONE : word + STATE_ONE;
    return compareAndSet(pageId, word, next);
  }

  /**
   * Removes a sharer.
   *
   * @param pageId the page, latched shared by the caller
   * @return true when somebody may be waiting for this
   */
  public boolean unlatchShared(long pageId) {
    long before = PageMemory.getAndAddWord(base + (pageId << 3), -STATE_ONE);
    assert state(before) > UNLOCKED : "page " + pageId + " is not latched shared";
    return state(before) == UNLOCKED + 1 || state(before) == SHARED_MAX;
  }

  /**
   * Removes a sharer and marks the page again where there is no other.
   *
   * @param pageId the page, latched shared by the caller
   * @return true when somebody may be waiting for this
   */
  public boolean unlatchSharedMarking(long pageId) {
    long word = word(pageId);
    while (state(word) == UNLOCKED + 1) {
      if (compareAndSet(pageId, word, withState(word, MARKED))) {
        return true;
      }
      word = word(pageId);
    }
    return unlatchShared(pageId);
  }

  /**
   * Latches exclusively a page that nobody has latched.
   *
   * @param pageId the page
   * @param word its word as seen, marked or unlocked
   * @return false when the word has changed
   */
  public boolean tryExclusive(long pageId, long word) {
    assert state(word) == MARKED || state(word) == UNLOCKED;
    return tryBecomeExclusive(pageId, word);
  }

  /**
   * Latches exclusively a page that is not in memory, to fill its frame.
   *
   * @param pageId the page
   * @param word its word as seen, evicted; where its content is to be read, not being written
   * @return false when the word has changed
   */
  public boolean tryFaultIn(long pageId, long word) {
    assert state(word) == EVICTED;
    return tryBecomeExclusive(pageId, word);
  }

  /**
   * Latches exclusively, for eviction, a page that had its second chance.
   *
   * @param pageId the page
   * @param word its word as seen
   * @return false when it is not marked, is dirty or being written, or has changed
   */
  public boolean tryEvict(long pageId, long word) {
    return state(word) == MARKED
        && (word & (DIRTY | WRITING)) == 0
        && tryBecomeExclusive(pageId, word);
  }

  /**
   * Ends an exclusive latch.
   *
   * @param pageId the page, latched exclusively by the caller
   * @param changed whether its content differs from the device's now
   */
  public void unlatchExclusive(long pageId, boolean changed) {
    long dirty = changed ? DIRTY : 0;
    long word;
    do {
      word = word(pageId);
      assert state(word) == EXCLUSIVE : "page " + pageId + " is not latched exclusively";
    } while (!compareAndSet(pageId, word, withState(nextVersion(word) | dirty, UNLOCKED)));
  }

  /**
   * Ends an exclusive latch and marks the page: it has yet to be used.
   *
   * @param pageId the page, latched exclusively by the caller and not changed
   */
  public void unlatchMarking(long pageId) {
    end(pageId, MARKED);
  }

  /**
   * Turns an exclusive latch into a shared one.
   *
   * @param pageId the page, latched exclusively by the caller and not changed
   */
  public void downgrade(long pageId) {
    end(pageId, UNLOCKED + 1);
  }

  private void end(long pageId, int state) {
    long word;
    do {
      word = word(pageId);
      assert state(word) == EXCLUSIVE : "page " + pageId + " is not latched exclusively";
    } while (!compareAndSet(pageId, word, withState(nextVersion(word), state)));
  }

  /**
   * Ends the exclusive latch of a page whose frame is gone.
   *
   * @param pageId the page, latched exclusively by the caller
   */
  public void evicted(long pageId) {
    long word;
    do {
      word = word(pageId);
      assert state(word) == EXCLUSIVE : "page " + pageId + " is not latched exclusively";
    } while (!compareAndSet(pageId, word, withState(nextVersion(word) & ~DIRTY, EVICTED)));
  }

  /**
   * Marks an unlatched page for eviction.
   *
   * @param pageId the page
   * @param word its word as seen, unlocked
   * @return false when the word has changed
   */
  public boolean tryMark(long pageId, long word) {
    assert state(word) == UNLOCKED;
    return compareAndSet(pageId, word, withState(word, MARKED));
  }

  /**
   * Gives a marked page its second chance.
   *
   * @param pageId the page
   * @param word its word as seen, marked
   * @return false when the word has changed
   */
  public boolean tryUnmark(long pageId, long word) {
    assert state(word) == MARKED;
    return compareAndSet(pageId, word, withState(word, UNLOCKED));
  }

  /**
   * Begins a write: what changes from now on makes the page dirty again.
   *
   * @param pageId the page, latched shared by the caller
   * @return false when it is clean or being written already
   */
  public boolean tryBeginWrite(long pageId) {
    while (true) {
      long word = word(pageId);
      if ((word & (DIRTY | WRITING)) != DIRTY) {
        return false;
      }
      if (compareAndSet(pageId, word, word & ~DIRTY | WRITING)) {
        return true;
      }
    }
  }

  /**
   * Ends a write.
   *
   * @param pageId the page
   * @param written whether the device has it; where not, the page is dirty again
   */
  public void endWrite(long pageId, boolean written) {
    long word;
    long next;
    do {
      word = word(pageId);
      assert isWriting(word) : "page " + pageId + " is not being written";
      long dirty = written || state(word) == EVICTED ? 0 : DIRTY;
      next = word & ~WRITING | dirty;
    } while (!compareAndSet(pageId, word, next));
  }

  private boolean tryBecomeExclusive(long pageId, long word) {
    boolean isDone = compareAndSet(pageId, word, withState(word, EXCLUSIVE));
    // The holder's plain stores come after the word's own, or a reader could see one of them and
    // the old word (as StampedLock.writeLock; no instruction on x86).
    VarHandle.storeStoreFence();
    return isDone;
  }

  private boolean compareAndSet(long pageId, long expected, long next) {
    return PageMemory.compareAndSetWord(base + (pageId << 3), expected, next);
  }

  private static long withState(long word, int state) {
    return word & FLAGS_AND_VERSION | (long) state << STATE_SHIFT;
  }

  private static long nextVersion(long word) {
    return word & ~VERSION_MASK | word + 1 & VERSION_MASK;
  }
}
