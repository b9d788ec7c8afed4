// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What a store is and where its parts are on the device; chosen when the store is formatted, and
 * constant but for the page count.
 *
 * @param storeId identifies the store; part of the checksum of each log record and page
 * @param pageBytes page size, a power of two from 4,096
 * @param logOffsetBytes where the log's ring begins
 * @param logBytes length of the ring
 * @param pageAreaOffsetBytes where page 0 is, page aligned, after the ring
 * @param pageCount pages for which there was room when the superblock was written
 */
public record StoreLayout(
    UUID storeId,
    int pageBytes,
    long logOffsetBytes,
    long logBytes,
    long pageAreaOffsetBytes,
    long pageCount) {

  /** Where the room between the superblocks and the ring begins; the list of hot pages is there. */
  public static final long HOT_PAGES_OFFSET_BYTES =
      SuperblockDescriptor.COPY_COUNT * SuperblockDescriptor.STRIDE_BYTES;

  /** Where the ring begins in a new store. */
  public static final long LOG_OFFSET_BYTES = 1 << 20;

  /** Page sizes of a store. */
  public static final int PAGE_BYTES_MIN = 4096;

  /** The largest page. */
  public static final int PAGE_BYTES_MAX = 65536;

  /** Checks that the parts are in order and do not overlap. */
  public StoreLayout {
    String fault = fault(pageBytes, logOffsetBytes, logBytes, pageAreaOffsetBytes, pageCount);
    if (fault != null) {
      throw new IllegalArgumentException(fault);
    }
  }

  /**
   * Lays out a new store.
   *
   * @param storeId its id
   * @param pageBytes page size
   * @param logBytes length of the log's ring
   * @param pageCount pages for which there is room
   * @return the layout
   * @throws IllegalArgumentException when a parameter is outside its limits
   */
  public static StoreLayout create(UUID storeId, int pageBytes, long logBytes, long pageCount) {
    if (pageBytes < PAGE_BYTES_MIN) {
      throw new IllegalArgumentException("page size is " + pageBytes);
    }
    long logEnd = LOG_OFFSET_BYTES + logBytes;
    long pageArea = (logEnd + pageBytes - 1) / pageBytes * pageBytes;
    return new StoreLayout(storeId, pageBytes, LOG_OFFSET_BYTES, logBytes, pageArea, pageCount);
  }

  /**
   * Returns the same layout with another number of pages.
   *
   * @param count the pages
   * @return the layout
   */
  public StoreLayout withPageCount(long count) {
    return new StoreLayout(
        storeId, pageBytes, logOffsetBytes, logBytes, pageAreaOffsetBytes, count);
  }

  /**
   * Returns how large the device must be.
   *
   * @return bytes
   */
  public long endBytes() {
    return pageAreaOffsetBytes + pageCount * pageBytes;
  }

  /**
   * Returns the log's ring.
   *
   * @param blockBytes block size of the device
   * @return the region
   */
  public LogRegion logRegion(int blockBytes) {
    return new LogRegion(logOffsetBytes, logBytes, blockBytes);
  }

  /**
   * Returns what tells this store's log records and pages from another one's.
   *
   * @return mixed into the checksum of each record and page
   */
  public int storeTag() {
    CRC32C crc = new CRC32C();
    for (int shift = 0; shift < Long.SIZE; shift += Byte.SIZE) {
      crc.update((int) (storeId.getMostSignificantBits() >>> shift));
      crc.update((int) (storeId.getLeastSignificantBits() >>> shift));
    }
    return (int) crc.getValue();
  }

  private static @Nullable String fault(
      int pageBytes, long logOffset, long logBytes, long pageArea, long pageCount) {
    if (pageBytes < PAGE_BYTES_MIN
        || pageBytes > PAGE_BYTES_MAX
        || Integer.bitCount(pageBytes) != 1) {
      return "page size is "
          + pageBytes
          + ", needed: a power of two from "
          + PAGE_BYTES_MIN
          + " to "
          + PAGE_BYTES_MAX;
    }
    if (logOffset < SuperblockDescriptor.COPY_COUNT * SuperblockDescriptor.STRIDE_BYTES
        || logOffset > 1L << 50
        || logBytes < LogRegion.LENGTH_BYTES_MIN
        || logBytes > 1L << 50
        || (logOffset | logBytes) % LogRegion.ALIGNMENT_BYTES != 0) {
      return "log region is " + logBytes + " bytes at " + logOffset + ", which cannot be";
    }
    if (pageArea < logOffset + logBytes || pageArea > 1L << 52 || pageArea % pageBytes != 0) {
      return "page area begins at " + pageArea + ", in or before the log or misaligned";
    }
    if (pageCount < 1 || pageCount > (1L << 54) / pageBytes) {
      return "page count is " + pageCount + ", which cannot be";
    }
    return null;
  }
}
