// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index.internal;

import dev.basalt.bufferpool.PageHeader;

/**
 * A page in the log, without the unused middle of a node:
 *
 * <pre>
 * 0              4              8
 * +--------------+--------------+----------------------+---------------------+
 * | first bytes  | last bytes   | the page's first ... | the page's last ... |
 * +--------------+--------------+----------------------+---------------------+
 * </pre>
 */
public final class PageImage {
  private static final int DATA_OFFSET = 8;

  private PageImage() {}

  /**
   * Returns the length of a page's image.
   *
   * @param page absolute address of the page
   * @param pageBytes the page size
   * @return bytes
   */
  public static int lengthBytes(long page, int pageBytes) {
    return DATA_OFFSET + firstBytes(page, pageBytes) + lastBytes(page, pageBytes);
  }

  /**
   * Writes the image of a page as a record with this LSN makes it.
   *
   * @param page absolute address of the page, latched by the caller
   * @param pageBytes the page size
   * @param to where the image goes
   * @param lsn the record's LSN
   * @param isStructureChange whether the page's structure LSN becomes that too
   */
  public static void write(long page, int pageBytes, long to, long lsn, boolean isStructureChange) {
    int first = firstBytes(page, pageBytes);
    int last = lastBytes(page, pageBytes);
    long image = to + DATA_OFFSET;
    IndexMemory.putInt(to, first);
    IndexMemory.putInt(to + 4, last);
    IndexMemory.copy(page, image, first);
    IndexMemory.copy(page + pageBytes - last, image + first, last);
    PageHeader.checksum(image, 0);
    PageHeader.flags(image, PageHeader.flags(image) & ~PageHeader.FLAG_UNLOGGED);
    PageHeader.lsn(image, lsn);
    if (isStructureChange) {
      PageHeader.structureLsn(image, lsn);
    }
  }

  /**
   * Gives a page the content of an image.
   *
   * @param image where the image is
   * @param imageBytes its length
   * @param page absolute address of the page, latched exclusively by the caller
   * @param pageBytes the page size
   * @return false when the image is malformed; the page is as before then
   */
  public static boolean restore(long image, int imageBytes, long page, int pageBytes) {
    if (imageBytes < DATA_OFFSET + PageHeader.LENGTH_BYTES) {
      return false;
    }
    int first = IndexMemory.getInt(image);
    int last = IndexMemory.getInt(image + 4);
    boolean isBounded = first >= PageHeader.LENGTH_BYTES && last >= 0 && first <= pageBytes - last;
    if (!isBounded || imageBytes != DATA_OFFSET + first + last) {
      return false;
    }
    IndexMemory.copy(image + DATA_OFFSET, page, first);
    if (first + last < pageBytes) {
      IndexMemory.zero(page + first, pageBytes - first - last);
    }
    IndexMemory.copy(image + DATA_OFFSET + first, page + pageBytes - last, last);
    return true;
  }

  private static int firstBytes(long page, int pageBytes) {
    return Node.isNode(page) ? Node.slotOffset(Node.count(page, pageBytes)) : pageBytes;
  }

  private static int lastBytes(long page, int pageBytes) {
    return Node.isNode(page) ? pageBytes - Node.heapStart(page) : 0;
  }
}
