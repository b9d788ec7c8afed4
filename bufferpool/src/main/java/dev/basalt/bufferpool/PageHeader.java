// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool;

import dev.basalt.bufferpool.internal.PageMemory;

/**
 * The layout of a page's first bytes, in native (little-endian) byte order.
 *
 * <pre>
 *  0        4    5     6         8         16        24              32
 * +--------+----+-----+---------+---------+---------+---------------+---------
 * |checksum|type|flags|reserved |page id  |lsn      |structure lsn  | payload
 * +--------+----+-----+---------+---------+---------+---------------+---------
 * </pre>
 *
 * <p>The checksum is the CRC32C of bytes 4 to the page's end, xor the pool's page tag. It is right
 * on the device only: sealed in the copy that is written, verified when a page is read, stale in
 * memory. The types and all of the payload belong to the layers above.
 *
 * <p>All methods take the absolute address of a page, whose reader or writer holds a latch, or
 * validates afterwards.
 */
public final class PageHeader {
  /** CRC32C of the rest of the page, xor the page tag; 4 bytes. */
  public static final int CHECKSUM_OFFSET = 0;

  /** What the page holds; 1 byte. */
  public static final int TYPE_OFFSET = 4;

  /** {@link #FLAG_UNLOGGED}; 1 byte. */
  public static final int FLAGS_OFFSET = 5;

  /** The page's own id; 8 bytes. */
  public static final int PAGE_ID_OFFSET = 8;

  /** LSN of the last change; 8 bytes. */
  public static final int LSN_OFFSET = 16;

  /** LSN of the last structure change; 8 bytes. */
  public static final int STRUCTURE_LSN_OFFSET = 24;

  /** Bytes of the header; the payload follows. */
  public static final int LENGTH_BYTES = 32;

  /** Flag: the log holds no image of the page; its content is on the device only. */
  public static final int FLAG_UNLOGGED = 1;

  private PageHeader() {}

  /**
   * Returns the checksum as stored.
   *
   * @param address absolute address of the page
   * @return the CRC32C, xor the page tag
   */
  public static int checksum(long address) {
    return PageMemory.getInt(address + CHECKSUM_OFFSET);
  }

  /**
   * Stores the checksum.
   *
   * @param address absolute address of the page's copy that is about to be written
   * @param checksum the CRC32C, xor the page tag
   */
  public static void checksum(long address, int checksum) {
    PageMemory.putInt(address + CHECKSUM_OFFSET, checksum);
  }

  /**
   * Returns what the page holds.
   *
   * @param address absolute address of the page
   * @return 0 to 255
   */
  public static int type(long address) {
    return PageMemory.getByte(address + TYPE_OFFSET) & 0xff;
  }

  /**
   * Says what the page holds.
   *
   * @param address absolute address of the page
   * @param type 0 to 255
   */
  public static void type(long address, int type) {
    PageMemory.putByte(address + TYPE_OFFSET, (byte) type);
  }

  /**
   * Returns the flags.
   *
   * @param address absolute address of the page
   * @return {@link #FLAG_UNLOGGED} or 0
   */
  public static int flags(long address) {
    return PageMemory.getByte(address + FLAGS_OFFSET) & 0xff;
  }

  /**
   * Sets the flags.
   *
   * @param address absolute address of the page
   * @param flags {@link #FLAG_UNLOGGED} or 0
   */
  public static void flags(long address, int flags) {
    PageMemory.putByte(address + FLAGS_OFFSET, (byte) flags);
  }

  /**
   * Returns the page id that the page carries.
   *
   * @param address absolute address of the page
   * @return the page id
   */
  public static long pageId(long address) {
    return PageMemory.getLong(address + PAGE_ID_OFFSET);
  }

  /**
   * Stores the page id.
   *
   * @param address absolute address of the page
   * @param pageId the page id
   */
  public static void pageId(long address, long pageId) {
    PageMemory.putLong(address + PAGE_ID_OFFSET, pageId);
  }

  /**
   * Returns the LSN of the last change.
   *
   * @param address absolute address of the page
   * @return the LSN
   */
  public static long lsn(long address) {
    return PageMemory.getLong(address + LSN_OFFSET);
  }

  /**
   * Stores the LSN of the last change.
   *
   * @param address absolute address of the page
   * @param lsn the LSN
   */
  public static void lsn(long address, long lsn) {
    PageMemory.putLong(address + LSN_OFFSET, lsn);
  }

  /**
   * Returns the LSN of the last structure change.
   *
   * @param address absolute address of the page
   * @return the LSN
   */
  public static long structureLsn(long address) {
    return PageMemory.getLong(address + STRUCTURE_LSN_OFFSET);
  }

  /**
   * Stores the LSN of the last structure change.
   *
   * @param address absolute address of the page
   * @param lsn the LSN
   */
  public static void structureLsn(long address, long lsn) {
    PageMemory.putLong(address + STRUCTURE_LSN_OFFSET, lsn);
  }
}
