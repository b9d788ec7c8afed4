// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

/**
 * Backs the page region with huge pages for as long as the pool holds every page that is used: then
 * nothing is evicted, and fewer misses of the TLB make look-ups in memory a quarter faster.
 *
 * <p>Dropping a small page out of a huge one frees no memory, though the process seems to shrink:
 * the kernel keeps the huge page whole. So huge pages are split, all of them and for good, before
 * the first page is evicted: {@code MADV_COLD} for a part of a huge page splits it (Linux 5.4,
 * {@code mm/madvise.c}) and keeps its content. Until then memory that no page uses is filled with
 * zeroes in place of being dropped.
 *
 * <pre>
 * GROWING --------------------&gt; SPLITTING -----------------&gt; SMALL
 *    a page id that does not fit       every huge page split, the
 *    into the pool, frames are low     memory of evicted pages given back
 * </pre>
 *
 * <p>Memory: in GROWING all of the region up to the highest page id that was used, rounded up to
 * huge pages; that fits into the pool, its reserve still free. Page ids are given out from the
 * lowest up, so a store that is smaller than its pool stays in huge pages.
 *
 * <p><b>Concurrency.</b> {@link #split} is called by the page provider's thread alone, all else by
 * any thread. {@code splitLimit} is raised (volatile) before the state words below it are read; who
 * evicts a page sets its state word and then reads {@code splitLimit}: one of them sees the other,
 * and gives the page's memory back.
 */
public final class HugePages {
  private static final long HUGE_PAGE_BYTES = 2L << 20;

  /** Below, rounding to huge pages counts, and the TLB covers much of the pool anyway. */
  private static final long POOL_BYTES_MIN = 64L << 20;

  /** Some milliseconds of a duty cycle: splitting a huge page takes about 0.15 ms. */
  private static final int SPLITS_PER_STEP = 8;

  private enum Phase {
    GROWING,
    SPLITTING,
    SMALL
  }

  private final PageRegion region;
  private final PageStates states;
  private final PageLatches latches;
  private final FrameReserve frames;
  private final long pagesPerHuge;

  private volatile Phase phase;

  /** Pages below it are backed by huge pages, or were. Raised in GROWING, by a lock's holder. */
  private volatile long hugeLimit;

  /** Pages below it are backed by small pages again. */
  private volatile long splitLimit;

  /** Which huge page is split next, and once more: a page that a device reads into stays whole. */
  private long nextSplit;

  /**
   * Creates the policy; nothing is huge yet.
   *
   * @param region the memory
   * @param states the state words
   * @param latches the latches over them
   * @param frames how many pages fit
   */
  public HugePages(PageRegion region, PageStates states, PageLatches latches, FrameReserve frames) {
    this.region = region;
    this.states = states;
    this.latches = latches;
    this.frames = frames;
    pagesPerHuge = HUGE_PAGE_BYTES / region.pageBytes();
    boolean isLarge = (long) frames.frameCount() * region.pageBytes() >= POOL_BYTES_MIN;
    phase = isLarge ? Phase.GROWING : Phase.SMALL;
  }

  /**
   * Looks, before a page's memory is touched for the first time, whether it is to be huge.
   *
   * @param pageId the page
   */
  public void beforeFault(long pageId) {
    if (pageId >= hugeLimit && phase == Phase.GROWING) {
      grow(pageId);
    }
  }

  private synchronized void grow(long pageId) {
    if (phase != Phase.GROWING || pageId < hugeLimit) {
      return;
    }
    long limit = (pageId / pagesPerHuge + 1) * pagesPerHuge;
    boolean fits = limit <= region.pageCount() && limit + frames.target() <= frames.frameCount();
    if (fits && region.tryBackHuge(hugeLimit, limit)) {
      hugeLimit = limit;
    } else {
      leave();
    }
  }

  /** Ends the use of huge pages: because pages are to be evicted, or soon will be. */
  public synchronized void leave() {
    if (phase == Phase.GROWING) {
      region.backSmall();
      phase = hugeLimit == 0 ? Phase.SMALL : Phase.SPLITTING;
    }
  }

  /**
   * Tells whether pages may be evicted.
   *
   * @return true when no huge page is left
   */
  public boolean isSmall() {
    return phase == Phase.SMALL;
  }

  /**
   * Tells whether {@link #split} has work.
   *
   * @return true between {@link #leave} and the last split
   */
  public boolean isSplitting() {
    return phase == Phase.SPLITTING;
  }

  /**
   * Returns how much of the region is backed by huge pages.
   *
   * @return bytes; 0 from {@link #leave} on
   */
  public long hugeBytes() {
    return phase == Phase.GROWING ? hugeLimit * region.pageBytes() : 0;
  }

  /**
   * Splits some huge pages. Called by the page provider's thread.
   *
   * @return how many were split
   */
  public int split() {
    if (phase != Phase.SPLITTING) {
      return 0;
    }
    long count = hugeLimit / pagesPerHuge;
    int done = 0;
    for (; done < SPLITS_PER_STEP && nextSplit < 2 * count; done++) {
      long first = nextSplit++ % count * pagesPerHuge;
      region.split(first);
      splitLimit = Math.max(splitLimit, first + pagesPerHuge);
      giveBackEvicted(first, first + pagesPerHuge);
    }
    if (nextSplit == 2 * count) {
      phase = Phase.SMALL;
    }
    return done;
  }

  /**
   * Frees the memory of a page, or fills it with zeroes while it is part of a huge page.
   *
   * @param pageId the page, latched exclusively by the caller
   * @return true when {@link #recheck} is to follow
   */
  public boolean drop(long pageId) {
    if (pageId < splitLimit || pageId >= hugeLimit) {
      region.drop(pageId);
      return false;
    }
    PageMemory.zero(region.address(pageId), region.pageBytes());
    return true;
  }

  /**
   * Gives back the memory of a page that {@link #drop} had to keep, if its huge page was split
   * meanwhile.
   *
   * @param pageId the page, evicted
   */
  public void recheck(long pageId) {
    if (pageId < splitLimit) {
      giveBackEvicted(pageId, pageId + 1);
    }
  }

  /** Drops the memory of those pages of a range that are evicted, neighbours together. */
  private void giveBackEvicted(long from, long limit) {
    long first = from;
    for (long pageId = from; pageId <= limit; pageId++) {
      if (pageId == limit || !tryLatchEvicted(pageId)) {
        giveBack(first, pageId);
        first = pageId + 1;
      }
    }
  }

  private boolean tryLatchEvicted(long pageId) {
    long word = states.word(pageId);
    return PageStates.state(word) == PageStates.EVICTED && states.tryFaultIn(pageId, word);
  }

  private void giveBack(long first, long limit) {
    if (first < limit) {
      region.drop(first, limit - first);
      for (long pageId = first; pageId < limit; pageId++) {
        latches.evicted(pageId);
      }
    }
  }
}
