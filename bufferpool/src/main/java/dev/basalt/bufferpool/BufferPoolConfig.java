// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool;

/**
 * The size and place of a pool. Page p is at device block {@code firstLba + p * (pageBytes /
 * blockBytes)}.
 *
 * @param pageBytes page size, a power of two from 4,096 to 65,536
 * @param firstLba device block of page 0
 * @param pageCountMax how many page ids there may ever be, from 1; reserves address space, no
 *     memory
 * @param poolBytes the most memory that pages and the pool's staging buffers take together, at
 *     least {@link #POOL_PAGES_MIN} pages. Not counted: 8 bytes of state per page id in use and 12
 *     bytes per frame
 * @param pageTag mixed into each page's checksum, so that a page that another owner left on the
 *     device is damaged, not believed
 */
public record BufferPoolConfig(
    int pageBytes, long firstLba, long pageCountMax, long poolBytes, int pageTag) {
  /** The smallest pool, in pages. */
  public static final int POOL_PAGES_MIN = 64;

  private static final int PAGE_BYTES_MIN = 4096;
  private static final int PAGE_BYTES_MAX = 65_536;
  private static final long REGION_BYTES_MAX = 1L << 46;
  private static final long POOL_PAGES_MAX = 1L << 30;

  /** Checks the ranges; throws {@link IllegalArgumentException}. */
  public BufferPoolConfig {
    if (Integer.bitCount(pageBytes) != 1
        || pageBytes < PAGE_BYTES_MIN
        || pageBytes > PAGE_BYTES_MAX) {
      throw new IllegalArgumentException(
          "page size is " + pageBytes + ", needed: a power of two from 4096 to 65536");
    }
    if (firstLba < 0) {
      throw new IllegalArgumentException("first LBA is " + firstLba + ", needed: 0 or more");
    }
    if (pageCountMax < 1 || pageCountMax > REGION_BYTES_MAX / pageBytes) {
      throw new IllegalArgumentException(
          "page count is " + pageCountMax + ", needed: 1 to " + REGION_BYTES_MAX / pageBytes);
    }
    if (poolBytes / pageBytes < POOL_PAGES_MIN || poolBytes / pageBytes > POOL_PAGES_MAX) {
      throw new IllegalArgumentException(
          "pool size is "
              + poolBytes
              + " bytes, needed: "
              + (long) POOL_PAGES_MIN * pageBytes
              + " to "
              + POOL_PAGES_MAX * pageBytes);
    }
  }
}
