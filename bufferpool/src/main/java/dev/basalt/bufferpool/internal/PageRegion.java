// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import dev.basalt.bufferpool.BufferPoolConfig;
import dev.basalt.linux.ErrnoException;
import dev.basalt.linux.MappedRegion;
import dev.basalt.linux.VirtualMemory;
import dev.basalt.linux.VirtualMemory.Advice;

/**
 * The address space of all pages, and of their state words: page id times page size is an offset.
 *
 * <p>Reserved once for the pool's life; a page takes memory from its first touch until it is
 * dropped. A read of a dropped page gives zeroes and takes no memory, so an optimistic reader needs
 * no guard. Owned by the pool, which closes it after its agents have ended and their commands are
 * complete.
 */
public final class PageRegion implements AutoCloseable {
  private static final System.Logger LOGGER = System.getLogger(PageRegion.class.getName());
  private static final long HUGE_PAGE_BYTES = 2 << 20;
  private static final long SMALL_PAGE_BYTES = 4096;

  private final MappedRegion pages;
  private final MappedRegion words;
  private final long base;
  private final int pageShift;
  private final int blocksPerPage;
  private final long firstLba;
  private final int pageTag;

  private PageRegion(
      MappedRegion pages, MappedRegion words, BufferPoolConfig config, int blockBytes) {
    this.pages = pages;
    this.words = words;
    base = pages.address();
    pageShift = Integer.numberOfTrailingZeros(config.pageBytes());
    blocksPerPage = config.pageBytes() / blockBytes;
    firstLba = config.firstLba();
    pageTag = config.pageTag();
  }

  /**
   * Reserves the address space.
   *
   * @param config the page size and count
   * @param blockBytes the device's block size, at most a page
   * @return the region, to be closed by the caller
   * @throws ErrnoException when the kernel refuses
   */
  public static PageRegion reserve(BufferPoolConfig config, int blockBytes) throws ErrnoException {
    MappedRegion pages = VirtualMemory.reserve(config.pageCountMax() * config.pageBytes());
    MappedRegion words = null;
    try {
      words = VirtualMemory.reserve(config.pageCountMax() * PageStates.WORD_BYTES);
    } finally {
      if (words == null) {
        pages.close();
      }
    }
    adviseIfPossible(pages, Advice.NOHUGEPAGE);
    if (words.sizeBytes() >= HUGE_PAGE_BYTES) {
      adviseIfPossible(words, Advice.HUGEPAGE);
    }
    return new PageRegion(pages, words, config, blockBytes);
  }

  private static void adviseIfPossible(MappedRegion region, Advice advice) {
    try {
      VirtualMemory.advise(region.address(), region.sizeBytes(), advice);
    } catch (ErrnoException e) {
      // A kernel built without huge pages: there is nothing to advise it about.
      LOGGER.log(System.Logger.Level.DEBUG, "no advice on huge pages", e);
    }
  }

  /**
   * Returns where a page is in memory.
   *
   * @param pageId the page
   * @return its absolute address
   */
  public long address(long pageId) {
    return base + (pageId << pageShift);
  }

  /**
   * Returns what tells this pool's pages from those of another owner of the device.
   *
   * @return mixed into each page's checksum
   */
  public int pageTag() {
    return pageTag;
  }

  /**
   * Returns where a page is on the device.
   *
   * @param pageId the page
   * @return its first block
   */
  public long lba(long pageId) {
    return firstLba + pageId * blocksPerPage;
  }

  /**
   * Returns how many page ids there are.
   *
   * @return the count
   */
  public long pageCount() {
    return pages.sizeBytes() >>> pageShift;
  }

  /**
   * Returns the size of a page on the device.
   *
   * @return blocks
   */
  public int blocksPerPage() {
    return blocksPerPage;
  }

  /**
   * Returns the size of a page in memory.
   *
   * @return bytes
   */
  public int pageBytes() {
    return 1 << pageShift;
  }

  /**
   * Returns where the state words are.
   *
   * @return absolute address of page 0's word
   */
  public long wordsAddress() {
    return words.address();
  }

  /**
   * Gives the memory of one page back.
   *
   * @param pageId the page, latched exclusively by the caller
   */
  public void drop(long pageId) {
    drop(pageId, 1);
  }

  /**
   * Gives the memory of neighbours back.
   *
   * @param pageId the first of them, all latched exclusively by the caller
   * @param count how many
   */
  void drop(long pageId, long count) {
    advise(pageId, count * pageBytes(), Advice.DONTNEED);
  }

  /**
   * Has memory that is touched from now on backed by huge pages.
   *
   * @param from the first page
   * @param limit the page behind the last one
   * @return false when this kernel has no huge pages
   */
  boolean tryBackHuge(long from, long limit) {
    try {
      VirtualMemory.advise(address(from), (limit - from) * pageBytes(), Advice.HUGEPAGE);
      return true;
    } catch (ErrnoException e) {
      LOGGER.log(System.Logger.Level.DEBUG, "no huge pages", e);
      return false;
    }
  }

  /** Has memory that is touched from now on backed by small pages. */
  void backSmall() {
    adviseIfPossible(pages, Advice.NOHUGEPAGE);
  }

  /**
   * Splits a huge page into small ones, with its content. A page that a device is reading into just
   * then stays whole, and nobody can tell: the caller tries again later.
   *
   * @param pageId the first page in it
   */
  void split(long pageId) {
    advise(pageId, SMALL_PAGE_BYTES, Advice.COLD);
  }

  private void advise(long pageId, long sizeBytes, Advice advice) {
    try {
      VirtualMemory.advise(address(pageId), sizeBytes, advice);
    } catch (ErrnoException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() {
    pages.close();
    words.close();
  }
}
