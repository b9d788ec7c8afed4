// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Page ids on their way to the page provider: a bounded ring for many producers and one consumer
 * that refuses what does not fit.
 *
 * <p><b>Concurrency.</b> A producer claims a position by compare-and-set of {@code tail}, then
 * stores the id (release); the consumer takes the id at {@code head} (acquire), frees the slot and
 * only then moves {@code head} (release), which producers read (acquire) before they claim. An id
 * that is claimed and not yet stored holds up those behind it for that moment.
 */
public final class PrefetchQueue {
  private static final long FREE = 0;

  /** Page id + 1. */
  private final AtomicLongArray slots;

  private final int mask;
  private final AtomicLong head = new AtomicLong();
  private final AtomicLong tail = new AtomicLong();

  /**
   * Creates an empty queue.
   *
   * @param capacity the most page ids in it, a power of two
   */
  public PrefetchQueue(int capacity) {
    slots = new AtomicLongArray(capacity);
    mask = capacity - 1;
  }

  /**
   * Adds a page id. Any thread.
   *
   * @param pageId the page to be read ahead
   * @return false when the queue is full
   */
  public boolean tryAdd(long pageId) {
    long position;
    do {
      position = tail.get();
      if (position - head.getAcquire() > mask) {
        return false;
      }
    } while (!tail.compareAndSet(position, position + 1));
    // Volatile: the provider's last look before it sleeps must see it or be woken (see Agent).
    slots.set((int) position & mask, pageId + 1);
    return true;
  }

  /**
   * Takes the oldest page id. Page provider only.
   *
   * @return the id, or {@link ResidentSet#NONE}
   */
  public long poll() {
    long position = head.getPlain();
    int slot = (int) position & mask;
    long value = slots.getAcquire(slot);
    if (value != FREE) {
      slots.setPlain(slot, FREE);
      head.setRelease(position + 1);
    }
    return value - 1;
  }

  /**
   * Returns how many page ids were added so far. Any thread.
   *
   * @return what {@link #polled} is not below once all of them were taken
   */
  public long added() {
    return tail.get();
  }

  /** Returns how many page ids were taken so far. Page provider only. */
  long polled() {
    return head.getPlain();
  }

  boolean isEmpty() {
    return slots.get((int) head.getPlain() & mask) == FREE;
  }
}
