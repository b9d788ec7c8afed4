// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.basalt.index.SearchKey;
import dev.basalt.index.internal.NodeEdit.Fences;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class NodeEditTest {
  private static final int PAGE = 4096;
  private static final int GARBAGE_LENGTH = 60_000;
  private static final byte UNTOUCHED = 77;

  private static final byte[] KEY = {1, 2, 3, 4};

  private final MemorySegment memory = Arena.ofAuto().allocate(PAGE, 8);
  private final MemorySegment keys = Arena.ofAuto().allocate(64, 8);
  private final MemorySegment out = Arena.ofAuto().allocate(SearchKey.LENGTH_BYTES_MAX + 64, 8);
  private final long node = memory.address();

  /** One record in a node whose fences have the first two bytes of its key in common. */
  private void fill() {
    long lower = keys.address();
    long upper = lower + 16;
    long key = lower + 32;
    keys.asSlice(0, 2).copyFrom(MemorySegment.ofArray(new byte[] {1, 2}));
    keys.asSlice(16, 3).copyFrom(MemorySegment.ofArray(new byte[] {1, 2, 9}));
    keys.asSlice(32, KEY.length).copyFrom(MemorySegment.ofArray(KEY));
    NodeEdit.initialize(node, PAGE, 0, 0, new Fences(lower, 2, upper, 3));
    NodeEdit.insert(node, 0, key, KEY.length, key, KEY.length);
    out.fill(UNTOUCHED);
  }

  @Test
  void shouldCopyAWholeKey() {
    fill();
    assertEquals(KEY.length, NodeEdit.tryCopyKey(node, PAGE, 0, out.address()));
    assertArrayEquals(KEY, out.asSlice(0, KEY.length).toArray(ValueLayout.JAVA_BYTE));
    assertEquals(UNTOUCHED, out.get(ValueLayout.JAVA_BYTE, KEY.length));
  }

  @Test
  void shouldCopyNothingWhereALengthIsGarbage() {
    fill();
    long word = Node.slot(node, 0);
    Node.slot(node, 0, word & (1L << 48) - 1 | (long) GARBAGE_LENGTH << 48);
    assertCopiesNothing();
    Node.slot(node, 0, word & 0xFFFF_FFFFL | (long) (PAGE - 8) << 32 | 100L << 48);
    assertCopiesNothing(); // reaches beyond the page
    Node.slot(node, 0, word);
    Node.lower(node, PAGE - 1, 2);
    assertCopiesNothing();
  }

  private void assertCopiesNothing() {
    assertEquals(-1, NodeEdit.tryCopyKey(node, PAGE, 0, out.address()));
    assertEquals(UNTOUCHED, out.get(ValueLayout.JAVA_BYTE, 0));
  }
}
