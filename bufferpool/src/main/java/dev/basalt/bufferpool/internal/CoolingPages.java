// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * The newest {@link #SLOTS} pages that were marked for eviction, for whoever wants to do something
 * with them first. All in it are hints: a page may be used again, or gone. Nothing is kept until
 * somebody listens.
 *
 * <p><b>Concurrency.</b> Any thread offers: it claims a position by an atomic add and then stores
 * the id (release). One thread polls: it reads the tail (volatile) and takes ids out by an atomic
 * exchange. An id that is claimed and not yet stored is passed over, and lost. {@link #wake} is for
 * the page provider's thread. Lock-free.
 */
public final class CoolingPages {
  /** How many pages are remembered: as many as the largest reserve has frames. */
  public static final int SLOTS = 1024;

  private static final long FREE = 0;

  /** Page id + 1. */
  private final AtomicLongArray ring = new AtomicLongArray(SLOTS);

  private final AtomicLong tail = new AtomicLong();
  private volatile boolean isWanted;
  private volatile Runnable listener = () -> {};

  /** Next position to poll. Polling thread only. */
  private long head;

  /** The tail when the listener was told last. Page provider's thread only. */
  private long toldTail;

  /** Creates a ring that keeps nothing. */
  public CoolingPages() {
    // Nobody listens yet.
  }

  /**
   * Starts to keep pages.
   *
   * @param wake called when there are new ones, by the page provider's thread; must not wait
   */
  public void listen(Runnable wake) {
    listener = wake;
    isWanted = true;
  }

  /**
   * Tells whether anybody listens.
   *
   * @return false when nothing is kept
   */
  public boolean isWanted() {
    return isWanted;
  }

  /**
   * Adds a page, in place of the oldest one where there is no room.
   *
   * @param pageId a page that was marked
   */
  public void offer(long pageId) {
    if (isWanted) {
      ring.setRelease(slot(tail.getAndIncrement()), pageId + 1);
    }
  }

  /**
   * Takes the oldest page.
   *
   * @return its id, or {@link ResidentSet#NONE} when there is none
   */
  public long poll() {
    long end = tail.get();
    head = Math.max(head, end - SLOTS);
    while (head < end) {
      long value = ring.getAndSet(slot(head++), FREE);
      if (value != FREE) {
        return value - 1;
      }
    }
    return ResidentSet.NONE;
  }

  /** Tells the listener if there are new pages. */
  public void wake() {
    long end = tail.get();
    if (end != toldTail) {
      toldTail = end;
      listener.run();
    }
  }

  /**
   * Tells whether {@link #poll} would find a page. Polling thread only.
   *
   * @return true when there are pages
   */
  public boolean hasPages() {
    return head < tail.get();
  }

  private static int slot(long position) {
    return (int) position & SLOTS - 1;
  }
}
