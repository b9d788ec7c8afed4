// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index.internal;

import dev.basalt.bufferpool.BufferPool;
import dev.basalt.bufferpool.PageHeader;
import dev.basalt.index.PageRun;
import dev.basalt.index.SpaceExhaustedException;
import dev.basalt.index.ValueBuffer;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * Writes and reads the stream of a large value, page by page.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time.
 */
public final class OverflowStream {
  private static final int WRITE_BACK_PAGES = 64;

  private final TreeCore core;
  private final BufferPool pool;
  private final int pageBytes;
  private final int payload;
  private final boolean isPassing;

  /** The head of a value that a long scan reads, if nobody used it before; else -1. */
  private long unusedHead = -1;

  private final PageExtents extents = new PageExtents();
  private final CRC32C crc = new CRC32C();
  private long valueBytes;
  private long valueStart;
  private long runLsn;
  private long position;

  /**
   * Creates a stream over no value.
   *
   * @param core the tree the value is for
   */
  public OverflowStream(TreeCore core) {
    this(core, false);
  }

  /**
   * Creates a stream over no value.
   *
   * @param core the tree the value is for
   * @param isPassing whether pages that nobody used before are to be evicted after they were read
   */
  public OverflowStream(TreeCore core, boolean isPassing) {
    this.core = core;
    this.isPassing = isPassing;
    pool = core.pool;
    pageBytes = core.pageBytes;
    payload = OverflowPage.payloadBytes(pageBytes);
  }

  /**
   * Allocates a pending run for a value and writes the stream's head.
   *
   * @param work working memory
   * @param length the value's length in bytes
   * @param pending gets the run as soon as it is in flight: also when this fails afterwards, the
   *     caller is to free what is there
   * @throws IOException when there is no room, a page cannot be read, or the log or the pool has
   *     failed
   */
  public void begin(TreeWork work, long length, List<PageRun> pending) throws IOException {
    long pages = OverflowPage.pages(length, pageBytes);
    PageRun run = allocate(work, pages, pending);
    int count = run.firstPageIds().length;
    if (OverflowPage.valueStart(count) + length > pages * payload) {
      core.allocator.freeRun(work, run);
      pending.removeLast();
      run = allocate(work, OverflowPage.pagesMax(length, pageBytes), pending);
      count = run.firstPageIds().length;
    }
    extents.clear();
    for (int i = 0; i < count; i++) {
      extents.add(run.firstPageIds()[i], run.pageCounts()[i]);
    }
    if (OverflowPage.valueStart(count) + length > extents.pages() * payload) {
      throw new SpaceExhaustedException(pages, core.allocator.limit());
    }
    valueBytes = length;
    valueStart = OverflowPage.valueStart(count);
    runLsn = run.lsn();
    position = 0;
    crc.reset();
    writeHead(length, count);
  }

  private PageRun allocate(TreeWork work, long pages, List<PageRun> pending) throws IOException {
    PageRun run = core.allocator.allocateRun(work, pages);
    pending.add(run);
    return run;
  }

  /** Begins a value of a load, in pages of its runs, and writes the stream's head. */
  void begin(LoadPages pages, long length) throws IOException {
    long least = OverflowPage.pages(length, pageBytes);
    extents.clear();
    pages.take(least, extents);
    if (OverflowPage.valueStart(extents.size()) + length > least * payload) {
      long most = OverflowPage.pagesMax(length, pageBytes);
      pages.take(most - extents.pages(), extents);
    }
    valueBytes = length;
    valueStart = OverflowPage.valueStart(extents.size());
    runLsn = pages.runLsn();
    position = 0;
    crc.reset();
    writeHead(length, extents.size());
  }

  /** Ends a value of a load, whose pages are written back with the others. */
  void finish(LoadPages pages, ValueBuffer out) throws IOException {
    complete(out);
    for (int i = 0; i < extents.size(); i++) {
      for (int page = 0; page < extents.count(i); page++) {
        pages.noteCreated(extents.first(i) + page);
      }
    }
  }

  /**
   * Writes the next part of the value.
   *
   * @param part its bytes
   * @throws IOException when the pool has failed
   */
  public void write(MemorySegment part) throws IOException {
    if (position - valueStart + part.byteSize() > valueBytes) {
      throw new IllegalArgumentException("value is longer than " + valueBytes + " bytes");
    }
    crc.update(part.asByteBuffer());
    append(part);
  }

  /**
   * Waits until the device has all pages; the caller flushes it before it publishes the reference.
   *
   * @param out becomes the reference
   * @throws IOException when the pool has failed
   */
  public void finish(ValueBuffer out) throws IOException {
    complete(out);
    writeBack();
  }

  private void complete(ValueBuffer out) throws IOException {
    if (position != valueStart + valueBytes) {
      throw new IllegalStateException(
          "value has " + (position - valueStart) + " bytes of " + valueBytes);
    }
    for (long page = (position + payload - 1) / payload; page < extents.pages(); page++) {
      create(extents.page(page));
      pool.unlatchExclusive(extents.page(page), true);
    }
    out.setReference(valueBytes, extents.page(0), runLsn, (int) crc.getValue());
  }

  /**
   * Starts to read a value.
   *
   * @param reference where it is
   * @return false when its pages were freed and used again, so that the key is to be read again
   * @throws IOException when a page cannot be read
   */
  public boolean tryOpen(ValueBuffer reference) throws IOException {
    runLsn = reference.runLsn();
    valueBytes = reference.valueBytes();
    long head = reference.firstPageId();
    boolean isPage = head > 0 && head < core.allocator.limit();
    unusedHead = isPassing && isPage && pool.passing().isUnused(head) ? head : -1;
    boolean isThere =
        OverflowPage.readExtents(
            pool, core.allocator, pageBytes, extents, reference.firstPageId(), runLsn);
    valueStart = OverflowPage.valueStart(extents.size());
    return isThere && valueStart + valueBytes <= extents.pages() * payload;
  }

  /**
   * Reads a part of the value.
   *
   * @param offset where in the value to start
   * @param target filled from there
   * @return false when pages were freed and used again
   * @throws IOException when a page cannot be read
   */
  public boolean tryRead(long offset, MemorySegment target) throws IOException {
    if (offset < 0 || offset + target.byteSize() > valueBytes) {
      throw new IndexOutOfBoundsException(offset + " + " + target.byteSize());
    }
    long at = valueStart + offset;
    for (long done = 0; done < target.byteSize(); ) {
      int inPage = (int) ((at + done) % payload);
      long count = Math.min(payload - inPage, target.byteSize() - done);
      long pageId = extents.page((at + done) / payload);
      boolean isUnused = isPassing && (pageId == unusedHead || pool.passing().isUnused(pageId));
      pool.latchShared(pageId);
      try {
        long page = pool.address(pageId);
        if (!OverflowPage.isOf(page, runLsn)) {
          return false;
        }
        long from = page + OverflowPage.PAYLOAD_OFFSET + inPage;
        IndexMemory.copyOut(from, target, done, count);
      } finally {
        pool.unlatchShared(pageId);
      }
      if (isUnused) {
        pool.passing().leave(pageId);
      }
      done += count;
    }
    return true;
  }

  private void writeHead(long length, int count) throws IOException {
    MemorySegment head = MemorySegment.ofArray(new long[(int) (valueStart / Long.BYTES)]);
    head.setAtIndex(ValueLayout.JAVA_LONG, 0, length);
    head.setAtIndex(ValueLayout.JAVA_LONG, 1, count);
    for (int i = 0; i < count; i++) {
      head.setAtIndex(ValueLayout.JAVA_LONG, 2 + 2L * i, extents.first(i));
      head.setAtIndex(ValueLayout.JAVA_LONG, 3 + 2L * i, extents.count(i));
    }
    append(head);
  }

  private void append(MemorySegment part) throws IOException {
    for (long done = 0; done < part.byteSize(); ) {
      int inPage = (int) (position % payload);
      long count = Math.min(payload - inPage, part.byteSize() - done);
      long pageId = extents.page(position / payload);
      if (inPage == 0) {
        create(pageId);
      } else {
        pool.latchExclusive(pageId);
      }
      long to = pool.address(pageId) + OverflowPage.PAYLOAD_OFFSET + inPage;
      try {
        IndexMemory.copyIn(part, done, to, count); // fails when the caller's memory was freed
      } finally {
        pool.unlatchExclusive(pageId, true);
      }
      done += count;
      position += count;
    }
  }

  private void create(long pageId) throws IOException {
    pool.create(pageId);
    long page = pool.address(pageId);
    PageHeader.type(page, PageType.OVERFLOW);
    PageHeader.flags(page, PageHeader.FLAG_UNLOGGED);
    PageHeader.lsn(page, runLsn);
    PageHeader.structureLsn(page, runLsn);
  }

  private void writeBack() throws IOException {
    long[] pageIds = new long[WRITE_BACK_PAGES];
    int count = 0;
    for (int i = 0; i < extents.size(); i++) {
      for (int page = 0; page < extents.count(i); page++) {
        pageIds[count++] = extents.first(i) + page;
        if (count == WRITE_BACK_PAGES) {
          pool.writeBack(pageIds, count);
          count = 0;
        }
      }
    }
    pool.writeBack(pageIds, count);
  }
}
