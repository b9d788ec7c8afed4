// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index.internal;

import dev.basalt.bufferpool.BufferPool;
import dev.basalt.bufferpool.PageHeader;
import dev.basalt.index.PageRun;
import dev.basalt.index.SpaceExhaustedException;
import java.io.IOException;

/**
 * The pages of a load: taken one by one from the pending runs it was supplied with, and written
 * back in batches.
 *
 * <p>Pages carry the LSN of the newest run. It is not below that of the run they belong to, so redo
 * leaves them alone, and they reach the device only after the record that allocated them.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time.
 */
final class LoadPages {
  private static final int WRITE_BACK_PAGES = 128;

  private final BufferPool pool;
  private final PageAllocator allocator;
  private final long[] createdIds = new long[WRITE_BACK_PAGES];
  private int createdCount;
  private PageExtents unused = new PageExtents();
  private PageExtents spare = new PageExtents();
  private long runLsn;

  LoadPages(BufferPool pool, PageAllocator allocator) {
    this.pool = pool;
    this.allocator = allocator;
  }

  /** Adds the pages of a new run; what is not used then can be freed in one step. */
  void supply(PageRun run) throws SpaceExhaustedException {
    for (int i = 0; i < run.firstPageIds().length; i++) {
      unused.add(run.firstPageIds()[i], run.pageCounts()[i]);
    }
    runLsn = run.lsn();
    if (!allocator.canFreeTogether(unused)) {
      throw new SpaceExhaustedException(run.pageCount(), allocator.limit());
    }
  }

  /** Returns how many pages can still be taken. */
  long available() {
    return unused.pages();
  }

  /** Returns the pages that were not taken. */
  PageExtents unused() {
    return unused;
  }

  long runLsn() {
    return runLsn;
  }

  /** Takes a page. */
  long take() {
    if (unused.pages() == 0) {
      throw new AssertionError("the load was supplied with too few pages");
    }
    return unused.takeFirst();
  }

  /** Takes pages, added to the ranges of a target. */
  void take(long pages, PageExtents target) {
    long rest = pages;
    spare.clear();
    for (int i = 0; i < unused.size(); i++) {
      int taken = (int) Math.min(rest, unused.count(i));
      if (taken > 0) {
        target.add(unused.first(i), taken);
        rest -= taken;
      }
      if (taken < unused.count(i)) {
        spare.add(unused.first(i) + taken, unused.count(i) - taken);
      }
    }
    if (rest > 0) {
      throw new AssertionError("the load was supplied with too few pages");
    }
    PageExtents kept = unused;
    unused = spare;
    spare = kept;
  }

  /** Latches a new page exclusively; returns its address. {@link #created} follows. */
  long create(long pageId) throws IOException {
    pool.create(pageId);
    return pool.address(pageId);
  }

  /** Ends what {@link #create} began: the page has its content. */
  void created(long pageId) throws IOException {
    long page = pool.address(pageId);
    PageHeader.flags(page, PageHeader.FLAG_UNLOGGED);
    PageHeader.lsn(page, runLsn);
    PageHeader.structureLsn(page, runLsn);
    pool.unlatchExclusive(pageId, true);
    noteCreated(pageId);
  }

  /** Has a page written back with the others that were created. */
  void noteCreated(long pageId) throws IOException {
    createdIds[createdCount++] = pageId;
    if (createdCount == WRITE_BACK_PAGES) {
      writeBack();
    }
  }

  /** Waits until the device has all pages created so far. */
  void writeBack() throws IOException {
    pool.writeBack(createdIds, createdCount);
    createdCount = 0;
  }
}
