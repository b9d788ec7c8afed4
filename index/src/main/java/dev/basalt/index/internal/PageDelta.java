// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index.internal;

import dev.basalt.bufferpool.PageHeader;
import dev.basalt.index.SearchKey;
import dev.basalt.index.internal.NodeEdit.Fences;
import org.jspecify.annotations.Nullable;

/**
 * The deltas of structure changes: one code for the live change and for its redo.
 *
 * <p>Payload of a delta with a key, and of {@link ChangeKind#MOVE_SEPARATOR}:
 *
 * <pre>
 * 0                 8              0            4     8
 * +-----------------+-------+      +------------+-----+---------------+---------------+
 * | page id or 0    | key   |      | old length | 0   | old separator | new separator |
 * +-----------------+-------+      +------------+-----+---------------+---------------+
 * </pre>
 *
 * <p>Of {@link ChangeKind#MAP_SET} and {@link ChangeKind#MAP_CLEAR}: extents of {first page id u64,
 * pages u32, 0 u32}. A leaf may be older or newer at redo than at the live change, by logical
 * changes; so leaf deltas say what holds afterwards (no key from here on), not what moves.
 */
public final class PageDelta {
  /** Bytes of an extent in a payload. */
  public static final int EXTENT_BYTES = 16;

  /** Bytes in front of a payload's key. */
  public static final int KEY_OFFSET = 8;

  private PageDelta() {}

  /**
   * Changes a page.
   *
   * @param page absolute address of the page, latched exclusively by the caller
   * @param pageBytes the page size
   * @param kind which delta
   * @param payload absolute address of its payload
   * @param payloadBytes length of that
   * @param scratch memory for a page and {@link IndexMemory#SLACK_BYTES}
   * @throws ImpossibleChangeException when it does not fit the page, which is changed in part then
   */
  public static void apply(
      long page, int pageBytes, int kind, long payload, int payloadBytes, long scratch) {
    long argument = IndexMemory.getLong(payload);
    long key = payload + KEY_OFFSET;
    int length = payloadBytes - KEY_OFFSET;
    switch (kind) {
      case ChangeKind.CUT -> cut(page, pageBytes, scratch, key, length, argument);
      case ChangeKind.CUT_BELOW -> cutBelow(page, pageBytes, scratch, key, length);
      case ChangeKind.ADD_CHILD -> addChild(page, pageBytes, scratch, key, length, argument);
      case ChangeKind.DROP_CHILD -> dropChild(page, pageBytes, key, length);
      case ChangeKind.MOVE_SEPARATOR -> moveSeparator(page, pageBytes, scratch, payload, length);
      case ChangeKind.UNLINK -> unlink(page, pageBytes, key, length);
      case ChangeKind.MAP_SET -> mark(page, pageBytes, payload, payloadBytes, true);
      case ChangeKind.MAP_CLEAR -> mark(page, pageBytes, payload, payloadBytes, false);
      default -> throw new ImpossibleChangeException("no delta is of kind " + kind);
    }
  }

  /**
   * Tells what is wrong with a delta that was read: it stays within its payload and its page's kind
   * when nothing is.
   *
   * @param page absolute address of the page, latched exclusively by the caller
   * @param pageBytes the page size
   * @param kind which delta
   * @param payload absolute address of its payload
   * @param payloadBytes length of that
   * @return what is wrong, or null
   */
  public static @Nullable String fault(
      long page, int pageBytes, int kind, long payload, int payloadBytes) {
    if (kind == ChangeKind.MAP_SET || kind == ChangeKind.MAP_CLEAR) {
      return mapFault(page, pageBytes, payload, payloadBytes);
    }
    if (!Node.isNode(page)) {
      return "the page is of type " + PageHeader.type(page) + ", no node";
    }
    boolean isOfInner = kind >= ChangeKind.ADD_CHILD && kind <= ChangeKind.MOVE_SEPARATOR;
    boolean isOfLeaf = kind == ChangeKind.CUT_BELOW || kind == ChangeKind.UNLINK;
    if (isOfInner && Node.level(page) == 0 || isOfLeaf && Node.level(page) > 0) {
      return "the node is of level " + Node.level(page);
    }
    int keyBytes = payloadBytes - KEY_OFFSET;
    int oldBytes = 0;
    if (kind == ChangeKind.MOVE_SEPARATOR && keyBytes >= 0) {
      oldBytes = IndexMemory.getInt(payload);
    }
    boolean isBounded =
        isKeyLength(oldBytes) && keyBytes >= oldBytes && isKeyLength(keyBytes - oldBytes);
    return isBounded ? null : "keys of " + oldBytes + " and " + (keyBytes - oldBytes) + " bytes";
  }

  private static boolean isKeyLength(int length) {
    return length >= 0 && length <= SearchKey.LENGTH_BYTES_MAX;
  }

  private static @Nullable String mapFault(
      long page, int pageBytes, long payload, int payloadBytes) {
    if (!PageAllocator.isMap(page)) {
      return "the page is of type " + PageHeader.type(page) + ", no space map";
    }
    int groupPages = SpaceMap.groupPages(pageBytes);
    for (int offset = 0; offset < payloadBytes; offset += EXTENT_BYTES) {
      if (payloadBytes - offset < EXTENT_BYTES) {
        return "extents of " + payloadBytes + " bytes";
      }
      long first = IndexMemory.getLong(payload + offset);
      int count = IndexMemory.getInt(payload + offset + 8);
      boolean isOfGroup = first / groupPages == PageHeader.pageId(page) / groupPages;
      if (first < 0 || !isOfGroup || count < 1 || count > groupPages - first % groupPages) {
        return count + " pages from " + first + " on are not of its group";
      }
    }
    return null;
  }

  private static void cut(
      long node, int pageBytes, long scratch, long key, int keyLength, long link) {
    IndexMemory.copy(node, scratch, pageBytes);
    int slot = NodeSearch.find(scratch, pageBytes, key, keyLength);
    int limit = slot >= 0 ? slot : -1 - slot;
    Fences fences = Fences.of(scratch, pageBytes).withUpper(key, keyLength);
    if (Node.level(scratch) > 0) {
      Node.link(scratch, Node.child(scratch, pageBytes, limit));
    } else {
      Node.link(scratch, link);
    }
    NodeEdit.rebuild(node, pageBytes, scratch, fences, 0, limit);
  }

  private static void cutBelow(long leaf, int pageBytes, long scratch, long key, int keyLength) {
    IndexMemory.copy(leaf, scratch, pageBytes);
    int slot = NodeSearch.find(scratch, pageBytes, key, keyLength);
    int first = slot >= 0 ? slot : -1 - slot;
    Fences fences = Fences.of(scratch, pageBytes).withLower(key, keyLength);
    NodeEdit.rebuild(leaf, pageBytes, scratch, fences, first, Node.storedCount(scratch));
  }

  private static void addChild(
      long node, int pageBytes, long scratch, long key, int keyLength, long right) {
    int position = NodeSearch.childPosition(node, pageBytes, key, keyLength);
    long left = Node.child(node, pageBytes, position);
    insertSeparator(node, pageBytes, scratch, key, keyLength, left);
    setChild(node, pageBytes, position + 1, right);
  }

  private static void dropChild(long node, int pageBytes, long key, int keyLength) {
    int slot = NodeSearch.find(node, pageBytes, key, keyLength);
    if (slot < 0) {
      throw new ImpossibleChangeException("no separator to drop");
    }
    long left = Node.child(node, pageBytes, slot);
    NodeEdit.remove(node, pageBytes, slot);
    setChild(node, pageBytes, slot, left);
  }

  private static void moveSeparator(
      long node, int pageBytes, long scratch, long payload, int keyBytes) {
    int oldLength = IndexMemory.getInt(payload);
    long oldKey = payload + KEY_OFFSET;
    int slot = NodeSearch.find(node, pageBytes, oldKey, oldLength);
    if (slot < 0) {
      throw new ImpossibleChangeException("no separator to move");
    }
    long left = Node.child(node, pageBytes, slot);
    NodeEdit.remove(node, pageBytes, slot);
    insertSeparator(node, pageBytes, scratch, oldKey + oldLength, keyBytes - oldLength, left);
  }

  private static void insertSeparator(
      long node, int pageBytes, long scratch, long key, int keyLength, long left) {
    int needed = NodeEdit.neededBytes(node, keyLength, Node.CHILD_BYTES);
    if (!NodeEdit.tryMakeRoom(node, pageBytes, scratch, needed)) {
      throw new ImpossibleChangeException("no room for a separator");
    }
    IndexMemory.putLong(scratch, left);
    int slot = NodeSearch.childPosition(node, pageBytes, key, keyLength);
    NodeEdit.insert(node, slot, key, keyLength, scratch, Node.CHILD_BYTES);
  }

  private static void setChild(long node, int pageBytes, int position, long child) {
    if (position == Node.storedCount(node)) {
      Node.link(node, child);
    } else {
      IndexMemory.putLong(node + Node.childOffset(node, pageBytes, position), child);
    }
  }

  private static void unlink(long leaf, int pageBytes, long key, int keyLength) {
    int slot = NodeSearch.find(leaf, pageBytes, key, keyLength);
    if (slot >= 0) {
      NodeEdit.remove(leaf, pageBytes, slot);
    }
  }

  private static void mark(
      long map, int pageBytes, long payload, int payloadBytes, boolean isAllocated) {
    for (int offset = 0; offset < payloadBytes; offset += EXTENT_BYTES) {
      long first = IndexMemory.getLong(payload + offset);
      int count = IndexMemory.getInt(payload + offset + 8);
      SpaceMap.mark(map, pageBytes, first, count, isAllocated);
    }
  }
}
