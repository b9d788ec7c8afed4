// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import dev.basalt.bufferpool.BufferPool;
import dev.basalt.index.internal.PageAllocator;
import dev.basalt.index.internal.PageType;
import java.io.IOException;
import java.util.List;

/**
 * The pages of a store: which are allocated, by space-map pages that change in the records of the
 * structure changes themselves.
 *
 * <p>An operation that is logged must not fail for want of pages: {@link #tryReserve} before its
 * record is appended, {@link #release} after it was applied. Pages used in between are taken from
 * what is available, so a reservation is a guarantee that the available count stays at 0 or above.
 *
 * <p><b>Concurrency.</b> All methods may be called by any thread, those with a key each with its
 * own.
 */
public final class PageSpace {
  /** How many pages one put or delete takes at most: every level split twice, and the root. */
  public static final int PAGES_PER_CHANGE_MAX = 32;

  private final BufferPool pool;
  private final StructureLog log;
  private final PageAllocator allocator;
  private final int pageBytes;

  /**
   * Creates the page space; {@link #format} or {@link #load} before use.
   *
   * @param pool the pages
   * @param log the log
   * @param pageBytes the page size
   * @param pageLimit page ids below it may be used
   */
  public PageSpace(BufferPool pool, StructureLog log, int pageBytes, long pageLimit) {
    this.pool = pool;
    this.log = log;
    this.pageBytes = pageBytes;
    allocator = new PageAllocator(pool, log, pageBytes, pageLimit);
    pool.evictLast(PageType.INNER);
  }

  /**
   * Writes the first space map of an empty store. The first tree created then has its root at page
   * 1.
   *
   * @param key working memory
   * @throws IOException when the log or the pool has failed
   */
  public void format(SearchKey key) throws IOException {
    allocator.format(key.work(pageBytes));
  }

  /**
   * Reads how many pages are free. To be called after all structure records were redone, before
   * anything else.
   *
   * @throws IOException when a map cannot be read
   */
  public void load() throws IOException {
    allocator.load();
  }

  /**
   * Tells whether a page is in use.
   *
   * @param pageId the page
   * @return whether the space map says so
   * @throws IOException when the map cannot be read
   */
  public boolean isAllocated(long pageId) throws IOException {
    return allocator.isAllocated(pageId);
  }

  /**
   * Raises the limit of page ids, after the device has grown.
   *
   * @param pageLimit the new limit; a lower one than before is ignored
   * @throws IOException when the pool has failed
   */
  public void raiseLimit(long pageLimit) throws IOException {
    allocator.raiseLimit(pageLimit);
  }

  /**
   * Sets pages aside.
   *
   * @param pages how many
   * @return false when there are fewer
   */
  public boolean tryReserve(long pages) {
    return allocator.tryReserve(pages);
  }

  /**
   * Gives a reservation back.
   *
   * @param pages how many were reserved, used or not
   */
  public void release(long pages) {
    allocator.release(pages);
  }

  /**
   * Returns how many pages are neither used nor reserved.
   *
   * @return the count
   */
  public long availablePages() {
    return allocator.availablePages();
  }

  /**
   * Returns below which id pages may be used.
   *
   * @return the limit
   */
  public long pageLimit() {
    return allocator.limit();
  }

  /**
   * Allocates a pending run: one structure record. Recovery frees it unless a record that publishes
   * it was logged.
   *
   * @param key working memory
   * @param pages how many pages
   * @return the run
   * @throws IOException when there is no room, or the log or the pool has failed
   */
  public PageRun allocateRun(SearchKey key, long pages) throws IOException {
    return allocator.allocateRun(key.work(pageBytes), pages);
  }

  /**
   * Starts pending runs anew, so that the redo point can pass the records that started them, and
   * joins neighbours: one structure record for each new run.
   *
   * @param key working memory
   * @param runs the runs, in the order of their allocation
   * @return the runs that have their pages now
   * @throws IOException when the log has failed
   */
  public List<PageRun> renewRuns(SearchKey key, List<PageRun> runs) throws IOException {
    return allocator.renewRuns(key.work(pageBytes), runs);
  }

  /**
   * Frees a run that nothing refers to: one that was never published, or superseded before it was.
   *
   * @param key working memory
   * @param run the run
   * @throws IOException when the log or the pool has failed
   */
  public void freeRun(SearchKey key, PageRun run) throws IOException {
    allocator.freeRun(key.work(pageBytes), run);
  }

  BufferPool pool() {
    return pool;
  }

  StructureLog log() {
    return log;
  }

  PageAllocator allocator() {
    return allocator;
  }

  int pageBytes() {
    return pageBytes;
  }
}
