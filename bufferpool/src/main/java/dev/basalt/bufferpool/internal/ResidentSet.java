// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Which page each frame is for: a slot per frame. The clock hand walks the slots, so replacement
 * needs no list and no memory per page beyond this.
 *
 * <p><b>Concurrency.</b> Any thread. A frame is claimed for a page by compare-and-set ({@link
 * #tryAdd}) and freed by whoever it was claimed for ({@link #remove}). What {@link #slot} says may
 * be out of date: a page is in the slot shortly before it is in the frame, and shortly after it has
 * left it, when it may be in another one already.
 */
public final class ResidentSet {
  /** What {@link #slot} returns for a free slot. */
  public static final long NONE = -1;

  private static final long FREE = 0;

  /** Page id + 1 for each frame, so that a new array is empty. */
  private final AtomicLongArray slots;

  private final AtomicLong hand = new AtomicLong();

  /**
   * Creates an empty set.
   *
   * @param frameCount the most pages in it
   */
  public ResidentSet(int frameCount) {
    slots = new AtomicLongArray(frameCount);
  }

  /**
   * Adds a page, which claims a frame.
   *
   * @param frame the frame
   * @param pageId the page
   * @return false when another page has the frame
   */
  public boolean tryAdd(int frame, long pageId) {
    return slots.get(frame) == FREE && slots.compareAndSet(frame, FREE, pageId + 1);
  }

  /**
   * Removes the page of a frame.
   *
   * @param frame a frame that was claimed for the caller
   */
  public void remove(int frame) {
    slots.set(frame, FREE);
  }

  /**
   * Returns how many slots there are.
   *
   * @return as many as there are frames
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
}
