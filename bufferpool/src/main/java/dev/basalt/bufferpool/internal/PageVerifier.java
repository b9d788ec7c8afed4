// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import dev.basalt.bufferpool.DamagedPageException;
import dev.basalt.bufferpool.PageHeader;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.zip.CRC32C;

/**
 * Checks pages as read: the checksum, then the page id, then that the log was durable through the
 * page's LSN. A page beyond that proves that the log has lost records it once had on the device.
 *
 * <p>The checksum runs over a copy on the heap. The intrinsic takes arrays and direct buffers, and
 * a buffer for each page would be garbage; the copy costs a fifth of the checksum.
 *
 * <p><b>Concurrency.</b> An instance is used by one thread at a time; {@link Pool} lends them.
 */
public final class PageVerifier {
  private final CRC32C crc = new CRC32C();
  private final byte[] scratch;
  private final int pageTag;

  /**
   * Creates a verifier.
   *
   * @param pageBytes page size
   * @param pageTag what was mixed into the checksums
   */
  public PageVerifier(int pageBytes, int pageTag) {
    scratch = new byte[pageBytes];
    this.pageTag = pageTag;
  }

  /**
   * Checks a page.
   *
   * @param pageId the page that was read
   * @param address where it was read to; stands still
   * @param durableLsn up to where the log is durable
   * @throws DamagedPageException when its checksum or its id is wrong, or it is ahead of the log
   */
  public void verify(long pageId, long address, long durableLsn) throws DamagedPageException {
    PageMemory.copy(address, scratch, scratch.length);
    crc.reset();
    crc.update(scratch, PageHeader.TYPE_OFFSET, scratch.length - PageHeader.TYPE_OFFSET);
    int expected = (int) crc.getValue() ^ pageTag;
    int found = PageHeader.checksum(address);
    if (expected != found) {
      throw DamagedPageException.checksum(pageId, expected, found);
    }
    if (PageHeader.pageId(address) != pageId) {
      throw DamagedPageException.misplaced(pageId, PageHeader.pageId(address));
    }
    if (PageHeader.lsn(address) >= durableLsn) {
      throw DamagedPageException.aheadOfLog(pageId, PageHeader.lsn(address), durableLsn);
    }
  }

  /**
   * Lends verifiers to threads, so that a miss allocates none.
   *
   * <p><b>Concurrency.</b> Any thread. A verifier is taken by an atomic exchange, and is back
   * before another thread can find it; when more threads verify at a time than there are places,
   * the surplus is garbage.
   */
  public static final class Pool {
    private static final int PLACES = 16;

    private final AtomicReferenceArray<PageVerifier> idle = new AtomicReferenceArray<>(PLACES);
    private final int pageBytes;
    private final int pageTag;

    /**
     * Creates an empty pool.
     *
     * @param pageBytes page size
     * @param pageTag what was mixed into the checksums
     */
    public Pool(int pageBytes, int pageTag) {
      this.pageBytes = pageBytes;
      this.pageTag = pageTag;
    }

    /**
     * Checks a page with a borrowed verifier.
     *
     * @param pageId the page that was read
     * @param address where it was read to; stands still
     * @param durableLsn up to where the log is durable
     * @throws DamagedPageException when its checksum or its id is wrong, or it is ahead of the log
     */
    public void verify(long pageId, long address, long durableLsn) throws DamagedPageException {
      int place = (int) (pageId & PLACES - 1);
      PageVerifier verifier = idle.getAndSet(place, null);
      if (verifier == null) {
        verifier = new PageVerifier(pageBytes, pageTag);
      }
      try {
        verifier.verify(pageId, address, durableLsn);
      } finally {
        idle.set(place, verifier);
      }
    }
  }
}
