// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import dev.basalt.bufferpool.BufferPoolConfig;
import java.lang.foreign.Arena;

/**
 * The address space of all pages, and of their state words: page id times page size is an offset.
 *
 * <p>Reserved once for the pool's life; a page takes memory from its first touch until it is
 * dropped. A read of a dropped page gives zeroes and takes no memory, so an optimistic reader needs
 * no guard. Owned by the pool, which closes it after its agents have ended and their commands are
 * complete.
 */
public final class PageRegion implements AutoCloseable {
  private static final long GUARD_BYTES = 65_536;

  private final Arena arena = Arena.ofShared();
  private final long base;
  private final long wordsBase;
  private final int pageShift;
  private final int blocksPerPage;
  private final long firstLba;

  /**
   * Reserves the address space.
   *
   * @param config the page size and count
   * @param blockBytes the device's block size, at most a page
   */
  public PageRegion(BufferPoolConfig config, int blockBytes) {
    pageShift = Integer.numberOfTrailingZeros(config.pageBytes());
    blocksPerPage = config.pageBytes() / blockBytes;
    firstLba = config.firstLba();
    long regionBytes = config.pageCountMax() << pageShift;
    base = arena.allocate(regionBytes + GUARD_BYTES, config.pageBytes()).address();
    wordsBase = arena.allocate(config.pageCountMax() * PageStates.WORD_BYTES, 64).address();
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
   * Returns where a page is on the device.
   *
   * @param pageId the page
   * @return its first block
   */
  public long lba(long pageId) {
    return firstLba + pageId * blocksPerPage;
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
    return wordsBase;
  }

  /**
   * Gives the memory of one page back.
   *
   * @param pageId the page, latched exclusively by the caller
   */
  public void drop(long pageId) {
    PageMemory.zero(address(pageId), pageBytes());
  }

  @Override
  public void close() {
    arena.close();
  }
}
