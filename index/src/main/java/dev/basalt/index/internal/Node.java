// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index.internal;

import dev.basalt.bufferpool.PageHeader;

/**
 * The layout of leaves and inner nodes.
 *
 * <pre>
 * 0             page header (32 bytes)                            32
 * +---------------------------------------------------------------+
 * 32     34      36         40        44     46     48     50     52     54    56          64
 * +------+-------+----------+---------+------+------+------+------+------+-----+-----------+
 * |count |prefix |heap start|record   |lower fence  |upper fence  |level |0    |link       |
 * |u16   |bytes  |u32       |bytes u32|offset,length|offset,length|u16   |     |u64        |
 * +------+-------+----------+---------+------+------+------+------+------+-----+-----------+
 * 64                          heap start                              page end
 * +--------+--------+-- - - --+------------------------------------------------+
 * | slot 0 | slot 1 |  gap    | records and fences, in no order                |
 * +--------+--------+-- - - --+------------------------------------------------+
 *
 * slot:   0        4        6               8       record: 0           2
 *         +--------+--------+---------------+               +-----------+------------+-------+
 *         |head u32|offset  |suffix bytes   |               |value bytes|key suffix  | value |
 *         +--------+--------+---------------+               +-----------+------------+-------+
 * </pre>
 *
 * <p>A node covers the keys from its lower fence (inclusive; empty: the smallest key) to its upper
 * fence (exclusive; length {@link #NO_FENCE}: no bound). The prefix is what both fences share, so
 * every key in the node starts with it; records hold the rest, the suffix. A slot's head is the
 * suffix's first 4 bytes as a big-endian number, zero padded.
 *
 * <p>In a leaf, {@code link} is the next leaf (0: none). In an inner node, the value of a record is
 * the child left of that separator and {@code link} is the rightmost child. Bit 15 of the value
 * length says that the value is a reference to overflow pages.
 *
 * <p>Readers may be optimistic: what they get is bounded by the page, and meaningless until
 * validated.
 */
public final class Node {
  /** Length of an upper fence that is not there. */
  public static final int NO_FENCE = 0xffff;

  /** Bytes of a slot. */
  public static final int SLOT_BYTES = 8;

  /** Bytes of a record before the suffix. */
  public static final int RECORD_HEADER_BYTES = 2;

  /** Bit of a value's length: the value is a reference to overflow pages. */
  public static final int OVERFLOW_BIT = 0x8000;

  /** Bytes of a child's id in an inner node. */
  public static final int CHILD_BYTES = 8;

  /**
   * Bytes set aside for each fence at least, so that a cut, redone on any earlier content of the
   * leaf, has room for a fence that is not longer than this.
   */
  public static final int FENCE_BYTES_MIN = 24;

  /** Where the slots begin. */
  public static final int SLOTS_OFFSET = 64;

  private static final int COUNT_OFFSET = 32;
  private static final int PREFIX_LENGTH_OFFSET = 34;
  private static final int HEAP_START_OFFSET = 36;
  private static final int RECORD_BYTES_OFFSET = 40;
  private static final int LOWER_OFFSET = 44;
  private static final int UPPER_OFFSET = 48;
  private static final int LEVEL_OFFSET = 52;
  private static final int LINK_OFFSET = 56;

  private Node() {}

  /**
   * Tells whether a page is a leaf or an inner node.
   *
   * @param node absolute address of the page
   * @return true for nodes
   */
  public static boolean isNode(long node) {
    int type = PageHeader.type(node);
    return type == PageType.LEAF || type == PageType.INNER;
  }

  /** Returns how many slots there are, at most what a page can hold. */
  static int count(long node, int pageBytes) {
    int count = IndexMemory.getShort(node + COUNT_OFFSET);
    return Math.min(count, (pageBytes - SLOTS_OFFSET) / SLOT_BYTES);
  }

  static int storedCount(long node) {
    return IndexMemory.getShort(node + COUNT_OFFSET);
  }

  static void storedCount(long node, int count) {
    IndexMemory.putShort(node + COUNT_OFFSET, count);
  }

  static int prefixLength(long node) {
    return IndexMemory.getShort(node + PREFIX_LENGTH_OFFSET);
  }

  static void prefixLength(long node, long length) {
    IndexMemory.putShort(node + PREFIX_LENGTH_OFFSET, (int) length);
  }

  static int heapStart(long node) {
    return IndexMemory.getInt(node + HEAP_START_OFFSET);
  }

  static void heapStart(long node, long offset) {
    IndexMemory.putInt(node + HEAP_START_OFFSET, (int) offset);
  }

  /** Returns the length of all records in use together, slots and fences not counted. */
  static int recordBytes(long node) {
    return IndexMemory.getInt(node + RECORD_BYTES_OFFSET);
  }

  static void recordBytes(long node, long bytes) {
    IndexMemory.putInt(node + RECORD_BYTES_OFFSET, (int) bytes);
  }

  static int lowerOffset(long node, int pageBytes) {
    return IndexMemory.getShort(node + LOWER_OFFSET) & pageBytes - 1;
  }

  static int lowerLength(long node) {
    return IndexMemory.getShort(node + LOWER_OFFSET + 2);
  }

  static void lower(long node, int offset, int length) {
    IndexMemory.putShort(node + LOWER_OFFSET, offset);
    IndexMemory.putShort(node + LOWER_OFFSET + 2, length);
  }

  static int upperOffset(long node, int pageBytes) {
    return IndexMemory.getShort(node + UPPER_OFFSET) & pageBytes - 1;
  }

  /** Returns the length of the upper fence, or {@link #NO_FENCE}. */
  static int upperLength(long node) {
    return IndexMemory.getShort(node + UPPER_OFFSET + 2);
  }

  static void upper(long node, int offset, int length) {
    IndexMemory.putShort(node + UPPER_OFFSET, offset);
    IndexMemory.putShort(node + UPPER_OFFSET + 2, length);
  }

  static int level(long node) {
    return IndexMemory.getShort(node + LEVEL_OFFSET);
  }

  static void level(long node, int level) {
    IndexMemory.putShort(node + LEVEL_OFFSET, level);
  }

  static long link(long node) {
    return IndexMemory.getLong(node + LINK_OFFSET);
  }

  static void link(long node, long pageId) {
    IndexMemory.putLong(node + LINK_OFFSET, pageId);
  }

  static int slotOffset(int slot) {
    return SLOTS_OFFSET + slot * SLOT_BYTES;
  }

  /** Returns a whole slot: head in the low half, then offset and suffix length. */
  static long slot(long node, int slot) {
    return IndexMemory.getLong(node + slotOffset(slot));
  }

  static void slot(long node, int slot, long value) {
    IndexMemory.putLong(node + slotOffset(slot), value);
  }

  static long slotOf(long head, int offset, int suffixLength) {
    return head | (long) offset << 32 | (long) suffixLength << 48;
  }

  /** Returns a slot whose record begins elsewhere. */
  static long movedSlot(long slot, int offset) {
    return slot & ~(0xffffL << 32) | (long) offset << 32;
  }

  static long head(long node, int slot) {
    return IndexMemory.getInt(node + slotOffset(slot)) & 0xffff_ffffL;
  }

  /** Returns where a slot's record begins, within the page. */
  static int recordOffset(long slot, int pageBytes) {
    return (int) (slot >>> 32) & pageBytes - 1;
  }

  static int suffixLength(long slot) {
    return (int) (slot >>> 48);
  }

  /** Returns the first 4 bytes of a suffix as a number, zero padded. */
  static long headOf(long suffix, int length) {
    long head = Integer.reverseBytes(IndexMemory.getInt(suffix)) & 0xffff_ffffL;
    return length >= 4 ? head : head & ~(0xffff_ffffL >>> 8 * length);
  }

  /** Returns the stored value length of a record with its overflow bit. */
  static int valueField(long node, int recordOffset) {
    return IndexMemory.getShort(node + recordOffset);
  }

  static int valueLength(int valueField) {
    return valueField & OVERFLOW_BIT - 1;
  }

  static int recordLength(int suffixLength, int valueLength) {
    return RECORD_HEADER_BYTES + suffixLength + valueLength;
  }

  /** Returns the child at a position, 0 to count; garbage when read optimistically. */
  static long child(long node, int pageBytes, int position) {
    if (position >= count(node, pageBytes)) {
      return link(node);
    }
    return IndexMemory.getLong(node + childOffset(node, pageBytes, position));
  }

  static int childOffset(long node, int pageBytes, int position) {
    long slot = slot(node, position);
    int offset = recordOffset(slot, pageBytes) + RECORD_HEADER_BYTES + suffixLength(slot);
    return Math.min(offset, pageBytes - CHILD_BYTES);
  }

  /** Returns how many bytes records may still take together with their slots. */
  static int freeBytes(long node, int pageBytes) {
    int slots = slotOffset(count(node, pageBytes));
    return pageBytes - slots - recordBytes(node) - fenceBytes(node);
  }

  /** Returns what is set aside for both fences. */
  static int fenceBytes(long node) {
    return reservedBytes(lowerLength(node)) + reservedBytes(upperLength(node));
  }

  static int reservedBytes(int fenceLength) {
    return Math.max(FENCE_BYTES_MIN, fenceLength == NO_FENCE ? 0 : fenceLength);
  }
}
