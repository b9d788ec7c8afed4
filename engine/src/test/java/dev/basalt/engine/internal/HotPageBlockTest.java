// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

final class HotPageBlockTest {
  private static final int TAG = 0x1234_5678;

  private final ByteBuffer bytes = ByteBuffer.allocateDirect(HotPageBlock.BYTES);
  private final HotPageBlock block = new HotPageBlock(bytes);

  /** Writes ids block by block, and reads them back. */
  private static long[] throughBlocks(long[] ids) {
    long[] read = new long[ids.length];
    long[] some = new long[HotPageBlock.COUNT_MAX];
    int count = 0;
    for (int from = 0; from < ids.length; ) {
      HotPageBlock block = new HotPageBlock(ByteBuffer.allocate(HotPageBlock.BYTES));
      int next = block.fill(ids, from, ids.length);
      assertTrue(next > from);
      block.seal(1, TAG);
      assertTrue(block.isWhole(TAG));
      int found = block.read(some);
      System.arraycopy(some, 0, read, count, found);
      count += found;
      from = next;
    }
    assertEquals(ids.length, count);
    return read;
  }

  @Property(tries = 100)
  void shouldReadBackWhatWasWritten(
      @ForAll @Size(min = 1, max = 3_000) Set<@LongRange(max = 1L << 34) Long> ids,
      @ForAll @LongRange(min = 1, max = 1L << 34) long spread) {
    Set<Long> closer = new TreeSet<>(); // near enough for bitmaps, for small spreads
    ids.forEach(id -> closer.add(id % spread));
    long[] expected = closer.stream().mapToLong(Long::longValue).toArray();
    assertArrayEquals(expected, throughBlocks(expected));
  }

  @Test
  void shouldTakeOneBitForPagesInARow() {
    long[] ids = LongStream.range(77, 77 + 2L * HotPageBlock.COUNT_MAX).toArray();
    assertEquals(HotPageBlock.COUNT_MAX, block.fill(ids, 0, ids.length));
    assertArrayEquals(ids, throughBlocks(ids));
  }

  /** A million pages of four million take half a megabyte, of a hundred million under two. */
  @Test
  void shouldTakeFewBytesForAMillionPages() {
    assertTrue(blocksFor(4) * (long) HotPageBlock.BYTES <= 520_000);
    assertTrue(blocksFor(100) * (long) HotPageBlock.BYTES <= 1_500_000);
  }

  private static int blocksFor(int every) {
    Random random = new Random(1);
    long[] ids = new long[1_000_000];
    Arrays.setAll(ids, i -> (long) i * every + random.nextInt(every));
    int blocks = 0;
    for (int from = 0; from < ids.length; blocks++) {
      from = new HotPageBlock(ByteBuffer.allocate(HotPageBlock.BYTES)).fill(ids, from, ids.length);
    }
    return blocks;
  }

  @Test
  void shouldFindAnyFlippedBit() {
    block.fill(new long[] {5, 900, 1_000_000}, 0, 3);
    block.seal(3, TAG);
    assertEquals(3, block.blockCount(10));
    assertEquals(2, block.blockCount(2));
    assertFalse(block.isWhole(TAG + 1), "another store's");
    for (int bit = 0; bit < HotPageBlock.BYTES * Byte.SIZE; bit += 11) {
      flip(bit);
      assertFalse(block.isWhole(TAG), "bit " + bit);
      flip(bit);
    }
    assertTrue(block.isWhole(TAG));
  }

  private void flip(int bit) {
    bytes.put(bit / 8, (byte) (bytes.get(bit / 8) ^ 1 << bit % 8));
  }

  @Test
  void shouldTellBlankFromEmpty() {
    assertTrue(block.isBlank());
    assertFalse(block.isWhole(TAG));
    assertEquals(0, block.fill(new long[0], 0, 0));
    block.seal(1, TAG);
    assertFalse(block.isBlank());
    assertTrue(block.isWhole(TAG));
    assertEquals(0, block.read(new long[HotPageBlock.COUNT_MAX]));
  }
}
