// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index.internal;

import dev.basalt.bufferpool.PageHeader;
import dev.basalt.index.SearchKey;

/**
 * Changes of a node that its holder latched exclusively, or of a private copy.
 *
 * <p>Nodes are rebuilt by {@link #initialize} and {@code append}; single records are inserted and
 * removed in place, and the heap is compacted when its free bytes are in pieces.
 */
public final class NodeEdit {
  private NodeEdit() {}

  /**
   * The bounds of a node, in memory other than the node's.
   *
   * @param lower absolute address of the lower fence
   * @param lowerLength its length
   * @param upper absolute address of the upper fence
   * @param upperLength its length or {@link Node#NO_FENCE}
   */
  record Fences(long lower, int lowerLength, long upper, int upperLength) {
    /** Returns the fences of a node. */
    static Fences of(long node, int pageBytes) {
      return new Fences(
          lowerAddress(node, pageBytes),
          Node.lowerLength(node),
          upperAddress(node, pageBytes),
          Node.upperLength(node));
    }

    Fences withUpper(long key, int length) {
      return new Fences(lower, lowerLength, key, length);
    }

    Fences withLower(long key, int length) {
      return new Fences(key, length, upper, upperLength);
    }

    int prefixLength() {
      return upperLength == Node.NO_FENCE
          ? 0
          : IndexMemory.commonLength(lower, lowerLength, upper, upperLength);
    }
  }

  /** Makes an empty node; of the page header only the type changes. */
  static void initialize(long node, int pageBytes, int level, long link, Fences fences) {
    int lowerOffset = pageBytes - fences.lowerLength;
    int upperBytes = fences.upperLength == Node.NO_FENCE ? 0 : fences.upperLength;
    int upperOffset = lowerOffset - upperBytes;
    PageHeader.type(node, level == 0 ? PageType.LEAF : PageType.INNER);
    Node.storedCount(node, 0);
    Node.prefixLength(node, fences.prefixLength());
    Node.heapStart(node, upperOffset);
    Node.recordBytes(node, 0);
    Node.lower(node, lowerOffset, fences.lowerLength);
    Node.upper(node, upperOffset, fences.upperLength);
    Node.level(node, level);
    Node.link(node, link);
    IndexMemory.copy(fences.lower, node + lowerOffset, fences.lowerLength);
    IndexMemory.copy(fences.upper, node + upperOffset, upperBytes);
  }

  static long lowerAddress(long node, int pageBytes) {
    return node + Node.lowerOffset(node, pageBytes);
  }

  static long upperAddress(long node, int pageBytes) {
    return node + Node.upperOffset(node, pageBytes);
  }

  /** Returns what a record needs, slot included. */
  static int neededBytes(long node, int keyLength, int valueLength) {
    int suffixLength = keyLength - Node.prefixLength(node);
    return Node.SLOT_BYTES + Node.recordLength(suffixLength, valueLength);
  }

  /** Returns the length of a slot's whole key. */
  static int keyLength(long node, int slot) {
    return Node.prefixLength(node) + Node.suffixLength(Node.slot(node, slot));
  }

  /** Copies a slot's whole key; returns its length. */
  static int copyKey(long node, int pageBytes, int slot, long to) {
    long word = Node.slot(node, slot);
    int prefix = Node.prefixLength(node);
    IndexMemory.copy(lowerAddress(node, pageBytes), to, prefix);
    long suffix = node + Node.recordOffset(word, pageBytes) + Node.RECORD_HEADER_BYTES;
    IndexMemory.copy(suffix, to + prefix, Node.suffixLength(word));
    return prefix + Node.suffixLength(word);
  }

  /**
   * Copies a slot's whole key out of a node that may change meanwhile: reads each length once, and
   * copies nothing where the key cannot be one.
   *
   * @param to takes up to {@link SearchKey#LENGTH_BYTES_MAX} bytes
   * @return its length, garbage unless the node is validated; -1 when it was garbage
   */
  static int tryCopyKey(long node, int pageBytes, int slot, long to) {
    long word = Node.slot(node, slot);
    int prefix = Node.prefixLength(node);
    int lower = Node.lowerOffset(node, pageBytes);
    int suffix = Node.suffixLength(word);
    int offset = Node.recordOffset(word, pageBytes) + Node.RECORD_HEADER_BYTES;
    if (prefix + suffix > SearchKey.LENGTH_BYTES_MAX
        || lower + prefix > pageBytes
        || offset + suffix > pageBytes) {
      return -1;
    }
    IndexMemory.copy(node + lower, to, prefix);
    IndexMemory.copy(node + offset, to + prefix, suffix);
    return prefix + suffix;
  }

  /**
   * Inserts a record; there must be room in one piece ({@link #tryMakeRoom}).
   *
   * @param valueField length of the value, with the overflow bit
   */
  static void insert(long node, int slot, long key, int keyLength, long value, int valueField) {
    int count = Node.storedCount(node);
    long slotAddress = node + Node.slotOffset(slot);
    if (slot < count) {
      IndexMemory.move(
          slotAddress, slotAddress + Node.SLOT_BYTES, (count - slot) * Node.SLOT_BYTES);
    }
    Node.storedCount(node, count + 1);
    int prefix = Node.prefixLength(node);
    putRecord(node, slot, key + prefix, keyLength - prefix, value, valueField);
  }

  /** Removes a record. */
  static void remove(long node, int pageBytes, int slot) {
    long word = Node.slot(node, slot);
    int offset = Node.recordOffset(word, pageBytes);
    int length = recordLength(node, pageBytes, word);
    int count = Node.storedCount(node);
    long slotAddress = node + Node.slotOffset(slot);
    int after = (count - slot - 1) * Node.SLOT_BYTES;
    if (after > 0) {
      IndexMemory.move(slotAddress + Node.SLOT_BYTES, slotAddress, after);
    }
    Node.storedCount(node, count - 1);
    Node.recordBytes(node, Node.recordBytes(node) - length);
    if (offset == Node.heapStart(node)) {
      Node.heapStart(node, offset + length);
    }
  }

  static int recordLength(long node, int pageBytes, long slotWord) {
    int field = Node.valueField(node, Node.recordOffset(slotWord, pageBytes));
    return Node.recordLength(Node.suffixLength(slotWord), Node.valueLength(field));
  }

  /** Appends slots of another node, in order; both nodes' prefixes may differ. */
  static void appendSlots(long node, int pageBytes, long from, int first, int limit) {
    for (int slot = first; slot < limit; slot++) {
      appendSlot(node, pageBytes, from, slot);
    }
  }

  private static void appendSlot(long node, int pageBytes, long from, int slot) {
    long word = Node.slot(from, slot);
    long record = from + Node.recordOffset(word, pageBytes);
    int field = IndexMemory.getShort(record);
    long suffix = record + Node.RECORD_HEADER_BYTES;
    int suffixLength = Node.suffixLength(word);
    long value = suffix + suffixLength;
    int shift = Node.prefixLength(node) - Node.prefixLength(from);
    int count = Node.storedCount(node);
    Node.storedCount(node, count + 1);
    if (shift >= 0) {
      putRecord(node, count, suffix + shift, suffixLength - shift, value, field);
    } else {
      putLongerRecord(node, count, from, pageBytes, word);
    }
  }

  /** Appends a record whose suffix begins with the end of the other node's prefix. */
  private static void putLongerRecord(long node, int slot, long from, int pageBytes, long word) {
    long record = from + Node.recordOffset(word, pageBytes);
    int field = IndexMemory.getShort(record);
    int prefix = Node.prefixLength(node);
    int extra = Node.prefixLength(from) - prefix;
    int suffixLength = Node.suffixLength(word);
    int length = Node.recordLength(extra + suffixLength, Node.valueLength(field));
    int offset = Node.heapStart(node) - length;
    long to = node + offset;
    long suffix = to + Node.RECORD_HEADER_BYTES;
    IndexMemory.putShort(to, field);
    IndexMemory.copy(lowerAddress(from, pageBytes) + prefix, suffix, extra);
    IndexMemory.copy(
        record + Node.RECORD_HEADER_BYTES, suffix + extra, suffixLength + Node.valueLength(field));
    finishRecord(node, slot, offset, extra + suffixLength, length);
  }

  /** Appends a record with a whole key. */
  static void appendKey(long node, long key, int keyLength, long value, int valueField) {
    int count = Node.storedCount(node);
    int prefix = Node.prefixLength(node);
    Node.storedCount(node, count + 1);
    putRecord(node, count, key + prefix, keyLength - prefix, value, valueField);
  }

  /** Appends a record whose value follows its key in memory, as {@link #appendKey} does. */
  static void appendEntry(long node, long key, int keyLength, int valueField) {
    int count = Node.storedCount(node);
    int prefix = Node.prefixLength(node);
    int suffixLength = keyLength - prefix;
    int length = Node.recordLength(suffixLength, Node.valueLength(valueField));
    int offset = Node.heapStart(node) - length;
    Node.storedCount(node, count + 1);
    IndexMemory.putShort(node + offset, valueField);
    IndexMemory.copy(
        key + prefix, node + offset + Node.RECORD_HEADER_BYTES, length - Node.RECORD_HEADER_BYTES);
    finishRecord(node, count, offset, suffixLength, length);
  }

  private static void putRecord(
      long node, int slot, long suffix, int suffixLength, long value, int valueField) {
    int length = Node.recordLength(suffixLength, Node.valueLength(valueField));
    int offset = Node.heapStart(node) - length;
    long record = node + offset;
    IndexMemory.putShort(record, valueField);
    IndexMemory.copy(suffix, record + Node.RECORD_HEADER_BYTES, suffixLength);
    IndexMemory.copy(
        value, record + Node.RECORD_HEADER_BYTES + suffixLength, Node.valueLength(valueField));
    finishRecord(node, slot, offset, suffixLength, length);
  }

  private static void finishRecord(
      long node, int slot, int offset, int suffixLength, int recordLength) {
    assert offset >= Node.slotOffset(Node.storedCount(node)) : "record over slots";
    long head = Node.headOf(node + offset + Node.RECORD_HEADER_BYTES, suffixLength);
    Node.heapStart(node, offset);
    Node.recordBytes(node, Node.recordBytes(node) + recordLength);
    Node.slot(node, slot, Node.slotOf(head, offset, suffixLength));
  }

  /** Makes free bytes lie in one piece, compacting the heap; false when there are too few. */
  static boolean tryMakeRoom(long node, int pageBytes, long scratch, int neededBytes) {
    if (neededBytes > Node.freeBytes(node, pageBytes)) {
      return false;
    }
    int gap = Node.heapStart(node) - Node.slotOffset(Node.storedCount(node));
    if (gap < neededBytes) {
      IndexMemory.copy(node, scratch, pageBytes);
      compact(node, pageBytes, scratch);
    }
    return true;
  }

  /** Moves all records to the end of the heap, in slot order, from a copy; fences stay. */
  private static void compact(long node, int pageBytes, long copy) {
    int count = Node.storedCount(node);
    int offset = heapEnd(node, pageBytes);
    for (int slot = 0; slot < count; slot++) {
      long word = Node.slot(copy, slot);
      int length = recordLength(copy, pageBytes, word);
      offset -= length;
      IndexMemory.copy(copy + Node.recordOffset(word, pageBytes), node + offset, length);
      Node.slot(node, slot, Node.movedSlot(word, offset));
    }
    Node.heapStart(node, offset);
  }

  /** Returns where the heap ends and the fences begin, as {@link #initialize} puts them. */
  private static int heapEnd(long node, int pageBytes) {
    int upperLength = Node.upperLength(node);
    int upperBytes = upperLength == Node.NO_FENCE ? 0 : upperLength;
    return pageBytes - Node.lowerLength(node) - upperBytes;
  }

  /** Rebuilds a node from some slots of a copy of it, between fences that cover their keys. */
  static void rebuild(long node, int pageBytes, long copy, Fences fences, int first, int limit) {
    initialize(node, pageBytes, Node.level(copy), Node.link(copy), fences);
    appendSlots(node, pageBytes, copy, first, limit);
  }
}
