// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * The ids of all pages that have a frame: open addressing with linear probing, one and a half slots
 * per frame. The clock hand walks its slots, so replacement needs no list and no memory per page
 * beyond this.
 *
 * <p>A page is looked for only while it is in the set, and never moves between its insertion and
 * its removal. So a free slot ends no search, and removal leaves no tombstone.
 *
 * <p><b>Concurrency.</b> {@link #add} and {@link #remove} are called by the exclusive holder of the
 * page, so a page is in the set at most once; {@link #slot} and {@link #advance} by any thread. A
 * slot is claimed by compare-and-set and freed by a volatile store. Lock-free: there are always
 * more slots than frames, so a search ends.
 */
public final class ResidentSet {
  /** What {@link #slot} returns for a free slot. */
  public static final long NONE = -1;

  private static final long FREE = 0;
  private static final long GOLDEN_RATIO = 0x9E3779B97F4A7C15L;

  /** Page id + 1, so that a new array is empty. */
  private final AtomicLongArray slots;

  private final AtomicLong hand = new AtomicLong();

  /**
   * Creates an empty set.
   *
   * @param frameCount the most pages in it
   */
  public ResidentSet(int frameCount) {
    slots = new AtomicLongArray(frameCount + (frameCount + 1) / 2);
  }

  /**
   * Adds a page.
   *
   * @param pageId a page that is not in the set, latched exclusively by the caller, who has a frame
   *     for it
   */
  public void add(long pageId) {
    int slot = home(pageId);
    while (slots.getPlain(slot) != FREE || !slots.compareAndSet(slot, FREE, pageId + 1)) {
      slot = next(slot);
    }
  }

  /**
   * Removes a page.
   *
   * @param pageId a page in the set, latched exclusively by the caller
   */
  public void remove(long pageId) {
    int slot = home(pageId);
    while (slots.getOpaque(slot) != pageId + 1) {
      slot = next(slot);
    }
    slots.set(slot, FREE);
  }

  /**
   * Returns how many slots there are.
   *
   * @return one and a half times the frames
   */
  public int slotCount() {
    return slots.length();
  }

  /**
   * Returns the page in a slot.
   *
   * @param slot 0 to {@link #slotCount} - 1
   * @return the page id, or {@link #NONE}; out of date as soon as it is returned
   */
  public long slot(int slot) {
    return slots.get(slot) - 1;
  }

  /**
   * Moves the clock hand.
   *
   * @param slotCount by how many slots
   * @return the slot it stood at; the caller visits the slots from there on, round the end
   */
  public int advance(int slotCount) {
    return (int) (hand.getAndAdd(slotCount) % slots.length());
  }

  /**
   * Returns the slot after a slot, round the end.
   *
   * @param slot a slot
   * @return the next one
   */
  public int next(int slot) {
    return slot + 1 == slots.length() ? 0 : slot + 1;
  }

  /** Multiplies the hash's upper half with the size: no division, any size. */
  private int home(long pageId) {
    long hash = pageId * GOLDEN_RATIO >>> 32;
    return (int) (hash * slots.length() >>> 32);
  }
}
