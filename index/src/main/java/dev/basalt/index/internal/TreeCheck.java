// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index.internal;

import dev.basalt.bufferpool.BufferPool;
import dev.basalt.bufferpool.PageHeader;
import dev.basalt.index.PageRun;
import dev.basalt.index.TreeProblem;
import dev.basalt.index.TreeVerifier;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The walk behind {@link TreeVerifier}. Pages are copied first and trusted in nothing. */
public final class TreeCheck {
  private final BufferPool pool;
  private final PageAllocator allocator;
  private final int pageBytes;
  private final List<TreeProblem> problems = new ArrayList<>();
  private final BitSet used = new BitSet();
  private long keys;
  private long leaves;
  private long leafBytes;
  private long nextLeafExpected;

  /**
   * Creates a walk that has seen no page.
   *
   * @param pool the pages
   * @param allocator the page space
   * @param pageBytes the page size
   */
  public TreeCheck(BufferPool pool, PageAllocator allocator, int pageBytes) {
    this.pool = pool;
    this.allocator = allocator;
    this.pageBytes = pageBytes;
  }

  /**
   * Checks a tree.
   *
   * @param rootId its root
   */
  public void checkTree(long rootId) {
    nextLeafExpected = -1;
    checkNode(rootId, -1, new byte[0], null);
    if (nextLeafExpected > 0) {
      add(nextLeafExpected, "linked as a next leaf", "the end of the leaves");
    }
  }

  /**
   * Counts the pages of a pending run as used.
   *
   * @param run the run
   */
  public void claimRun(PageRun run) {
    for (int i = 0; i < run.firstPageIds().length; i++) {
      for (int page = 0; page < run.pageCounts()[i]; page++) {
        claim(run.firstPageIds()[i] + page);
      }
    }
  }

  /** Compares the space map with the pages seen. */
  public void checkSpace() {
    int groupPages = SpaceMap.groupPages(pageBytes);
    byte[] zero = page(0);
    if (zero == null) {
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      long groups = Math.min(SpaceMap.groupCount(copy(arena, zero)), allocator.limit() / 2 + 1);
      for (int group = 0; group < groups; group++) {
        byte[] content = page((long) group * groupPages);
        if (content != null) {
          checkMap(copy(arena, content), group, groupPages);
        }
      }
    }
  }

  /**
   * Returns what is wrong.
   *
   * @return the problems
   */
  public List<TreeProblem> problems() {
    return List.copyOf(problems);
  }

  /**
   * Returns how many keys were seen.
   *
   * @return the count
   */
  public long keyCount() {
    return keys;
  }

  /**
   * Returns how many leaves were seen.
   *
   * @return the count
   */
  public long leafCount() {
    return leaves;
  }

  /**
   * Returns how many pages were seen.
   *
   * @return the count
   */
  public long pageCount() {
    return used.cardinality();
  }

  /**
   * Returns how full the leaves are.
   *
   * @return percent
   */
  public int leafFillPercent() {
    return leaves == 0 ? 0 : (int) (leafBytes * 100 / (leaves * NodeFit.capacity(pageBytes)));
  }

  private void checkMap(long map, int group, int groupPages) {
    long first = (long) group * groupPages;
    if (PageHeader.type(map) != PageType.SPACE_MAP) {
      add(first, "type " + PageHeader.type(map), "a space map");
      return;
    }
    int allocated = 0;
    for (int bit = 0; bit < groupPages; bit++) {
      boolean isAllocated = SpaceMap.isAllocated(map, bit);
      boolean isUsed = bit == 0 || used.get((int) (first + bit));
      allocated += isAllocated ? 1 : 0;
      if (isAllocated != isUsed) {
        String found = isAllocated ? "allocated and unreachable" : "in use and free in the map";
        add(first + bit, found, "one owner and a mark in the map, or neither");
      }
    }
    if (allocated != SpaceMap.allocatedCount(map)) {
      add(first, SpaceMap.allocatedCount(map) + " pages counted", allocated + " as marked");
    }
  }

  private void checkNode(long pageId, int level, byte[] lower, byte @Nullable [] upper) {
    if (problems.size() >= TreeVerifier.PROBLEMS_MAX || !claim(pageId)) {
      return;
    }
    byte[] content = page(pageId);
    if (content == null) {
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      long node = copy(arena, content);
      if (isSound(pageId, node, level) && checkFences(pageId, node, lower, upper)) {
        checkSlots(pageId, node, lower, upper);
      }
    }
  }

  private boolean claim(long pageId) {
    if (pageId <= 0 || pageId >= allocator.limit()) {
      add(pageId, "referred to", "a page id from 1 to " + (allocator.limit() - 1));
      return false;
    }
    if (used.get((int) pageId)) {
      add(pageId, "two owners", "one");
      return false;
    }
    used.set((int) pageId);
    return true;
  }

  /** Checks what must hold before anything else in the node may be followed. */
  private boolean isSound(long pageId, long node, int level) {
    if (!Node.isNode(node) || Node.level(node) == 0 != (PageHeader.type(node) == PageType.LEAF)) {
      add(pageId, "type " + PageHeader.type(node), "a node of level " + level);
      return false;
    }
    if (level >= 0 && Node.level(node) != level || Node.level(node) > TreeCore.LEVELS_MAX) {
      add(pageId, "level " + Node.level(node), "level " + level);
      return false;
    }
    int count = Node.storedCount(node);
    int heap = Node.heapStart(node);
    int upper = Node.upperLength(node) == Node.NO_FENCE ? 0 : Node.upperLength(node);
    boolean areFencesInside =
        Node.lowerOffset(node, pageBytes) + Node.lowerLength(node) <= pageBytes
                && Node.upperOffset(node, pageBytes) + upper <= pageBytes
            || Node.lowerLength(node) == 0;
    boolean isBounded = Node.slotOffset(count) <= heap && heap <= pageBytes;
    if (!isBounded || !areFencesInside || Node.freeBytes(node, pageBytes) < 0) {
      add(pageId, count + " slots, heap at " + heap, "slots, records and fences inside the page");
      return false;
    }
    return areRecordsInside(pageId, node, count);
  }

  private boolean areRecordsInside(long pageId, long node, int count) {
    int bytes = 0;
    for (int slot = 0; slot < count; slot++) {
      long word = Node.slot(node, slot);
      int offset = Node.recordOffset(word, pageBytes);
      boolean isInside = offset >= Node.heapStart(node) && offset + 2 <= pageBytes;
      int length = isInside ? NodeEdit.recordLength(node, pageBytes, word) : 0;
      if (!isInside || offset + length > pageBytes) {
        add(pageId, "slot " + slot + " at " + offset + ", " + length + " bytes", "in the heap");
        return false;
      }
      bytes += length;
    }
    if (bytes != Node.recordBytes(node)) {
      add(pageId, "records of " + Node.recordBytes(node) + " bytes", bytes + " bytes");
    }
    return true;
  }

  private boolean checkFences(long pageId, long node, byte[] lower, byte @Nullable [] upper) {
    byte[] lowerFound = bytes(NodeEdit.lowerAddress(node, pageBytes), Node.lowerLength(node));
    byte[] upperFound =
        Node.upperLength(node) == Node.NO_FENCE
            ? null
            : bytes(NodeEdit.upperAddress(node, pageBytes), Node.upperLength(node));
    if (!Arrays.equals(lower, lowerFound) || !Arrays.equals(upper, upperFound)) {
      add(pageId, text(lowerFound) + " to " + text(upperFound), text(lower) + " to " + text(upper));
      return false;
    }
    int prefix = upper == null ? 0 : Arrays.mismatch(lower, upper);
    if (Node.prefixLength(node) != prefix) {
      add(pageId, "prefix of " + Node.prefixLength(node), prefix + " bytes");
      return false;
    }
    return true;
  }

  private void checkSlots(long pageId, long node, byte[] lower, byte @Nullable [] upper) {
    int count = Node.storedCount(node);
    byte[] before = lower;
    for (int slot = 0; slot < count; slot++) {
      byte[] key = key(node, slot);
      checkOrder(pageId, node, slot, before, key, upper);
      if (Node.level(node) > 0) {
        checkNode(Node.child(node, pageBytes, slot), Node.level(node) - 1, before, key);
      } else {
        checkValue(pageId, node, slot);
      }
      before = key;
    }
    if (Node.level(node) > 0) {
      checkNode(Node.link(node), Node.level(node) - 1, before, upper);
    } else {
      countLeaf(pageId, node, count);
    }
  }

  private void checkOrder(
      long pageId, long node, int slot, byte[] before, byte[] key, byte @Nullable [] upper) {
    int order = Arrays.compareUnsigned(before, key);
    boolean isFirstOfLeaf = slot == 0 && Node.level(node) == 0;
    boolean isAbove = order < 0 || order == 0 && isFirstOfLeaf;
    if (!isAbove || upper != null && Arrays.compareUnsigned(key, upper) >= 0) {
      add(pageId, "key " + text(key) + " in slot " + slot, "above " + text(before));
    }
    long word = Node.slot(node, slot);
    long suffix = node + Node.recordOffset(word, pageBytes) + Node.RECORD_HEADER_BYTES;
    if (Node.headOf(suffix, Node.suffixLength(word)) != Node.head(node, slot)) {
      add(pageId, "a wrong head in slot " + slot, "the key's first bytes");
    }
  }

  private void countLeaf(long pageId, long node, int count) {
    if (nextLeafExpected >= 0 && nextLeafExpected != pageId) {
      add(pageId, "next leaf after one that links " + nextLeafExpected, "linked by it");
    }
    nextLeafExpected = Node.link(node);
    keys += count;
    leaves++;
    leafBytes += NodeFit.capacity(pageBytes) - Node.freeBytes(node, pageBytes);
  }

  private void checkValue(long pageId, long leaf, int slot) {
    long word = Node.slot(leaf, slot);
    int record = Node.recordOffset(word, pageBytes);
    int field = Node.valueField(leaf, record);
    if ((field & Node.OVERFLOW_BIT) == 0) {
      return;
    }
    long reference = leaf + record + Node.RECORD_HEADER_BYTES + Node.suffixLength(word);
    long first = IndexMemory.getLong(reference + 8);
    long run = IndexMemory.getLong(reference + 16);
    PageExtents extents = new PageExtents();
    try {
      if (!OverflowPage.readExtents(pool, allocator, pageBytes, extents, first, run)) {
        add(first, "not the run with LSN " + run, "the value in slot " + slot + " of " + pageId);
        return;
      }
    } catch (IOException e) {
      add(first, String.valueOf(e.getMessage()), "overflow page of page " + pageId);
      return;
    }
    for (int i = 0; i < extents.size(); i++) {
      for (int page = 0; page < extents.count(i); page++) {
        checkOverflowPage(extents.first(i) + page, run);
      }
    }
  }

  private void checkOverflowPage(long pageId, long run) {
    byte[] content = claim(pageId) ? page(pageId) : null;
    if (content != null) {
      try (Arena arena = Arena.ofConfined()) {
        if (!OverflowPage.isOf(copy(arena, content), run)) {
          add(pageId, "another content", "an overflow page of the run with LSN " + run);
        }
      }
    }
  }

  private byte @Nullable [] page(long pageId) {
    try {
      pool.latchShared(pageId);
    } catch (IOException e) {
      add(pageId, String.valueOf(e.getMessage()), "a readable page");
      return null;
    }
    byte[] content = bytes(pool.address(pageId), pageBytes);
    pool.unlatchShared(pageId);
    return content;
  }

  private long copy(Arena arena, byte[] content) {
    MemorySegment memory = arena.allocate(2L * pageBytes + IndexMemory.SLACK_BYTES, 8);
    IndexMemory.copyIn(MemorySegment.ofArray(content), 0, memory.address(), pageBytes);
    return memory.address();
  }

  private byte[] key(long node, int slot) {
    byte[] key = new byte[NodeEdit.keyLength(node, slot)];
    int prefix = Node.prefixLength(node);
    long word = Node.slot(node, slot);
    long suffix = node + Node.recordOffset(word, pageBytes) + Node.RECORD_HEADER_BYTES;
    MemorySegment to = MemorySegment.ofArray(key);
    IndexMemory.copyOut(NodeEdit.lowerAddress(node, pageBytes), to, 0, prefix);
    IndexMemory.copyOut(suffix, to, prefix, Node.suffixLength(word));
    return key;
  }

  private static byte[] bytes(long address, int length) {
    byte[] copy = new byte[length];
    IndexMemory.copyOut(address, MemorySegment.ofArray(copy), 0, length);
    return copy;
  }

  private static String text(byte @Nullable [] key) {
    return key == null ? "(no bound)" : "0x" + HexFormat.of().formatHex(key);
  }

  private void add(long pageId, String found, String expected) {
    if (problems.size() < TreeVerifier.PROBLEMS_MAX) {
      problems.add(new TreeProblem(pageId, found, expected));
    }
  }
}
