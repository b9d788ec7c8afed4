// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import dev.basalt.bufferpool.PageHeader;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Which pages leave out of the clock's turn: first those that long scans have read and nobody else
 * has used, last those of one type, the inner nodes.
 *
 * <p>The pages of scans are in a ring of the newest {@link #RING_SLOTS}. All in it are hints: who
 * takes one looks at its state, and one that the ring has lost is marked, so the hand takes it when
 * it comes by.
 *
 * <p><b>Concurrency.</b> Any thread. A producer claims a position by an atomic add and then stores
 * the id (release); a consumer claims one by compare-and-set of {@code head} and empties its slot.
 * An id that is claimed and not yet stored is missed by its consumer, and found by one a round
 * later. Lock-free. The type is set before the pages of that type are used.
 */
public final class EvictionOrder {
  /** How many pages the ring remembers: twice the largest reserve. */
  public static final int RING_SLOTS = 2048;

  private static final long FREE = 0;
  private static final int NO_TYPE = -1;

  /** Page id + 1. */
  private final AtomicLongArray ring = new AtomicLongArray(RING_SLOTS);

  private final AtomicLong head = new AtomicLong();
  private final AtomicLong tail = new AtomicLong();
  private volatile int lastType = NO_TYPE;

  /** Creates an order with nothing in it. */
  public EvictionOrder() {}

  /**
   * Adds a page to those that leave first.
   *
   * @param pageId a page that a scan has read
   */
  public void passed(long pageId) {
    long position = tail.getAndIncrement();
    ring.setRelease(slot(position), pageId + 1);
  }

  /**
   * Takes the oldest page of those that leave first.
   *
   * @param kept how many of the newest are left
   * @return the page, whatever has become of it since; {@link ResidentSet#NONE} when there is none
   */
  public long pollPassed(int kept) {
    long position = head.get();
    while (position + kept < tail.get()) {
      long oldest = Math.max(position, tail.get() - RING_SLOTS);
      if (head.compareAndSet(position, oldest + 1)) {
        long value = ring.getAndSet(slot(oldest), FREE);
        if (value != FREE) {
          return value - 1;
        }
      }
      position = head.get();
    }
    return ResidentSet.NONE;
  }

  /**
   * Sets the type of the pages that leave last.
   *
   * @param pageType 0 to 255
   */
  public void leavesLast(int pageType) {
    lastType = pageType;
  }

  /**
   * Tells whether a page leaves last.
   *
   * @param address absolute address of the page, latched by the caller
   * @return true when it has that type
   */
  public boolean isLast(long address) {
    return PageHeader.type(address) == lastType;
  }

  private static int slot(long position) {
    return (int) position & RING_SLOTS - 1;
  }
}
