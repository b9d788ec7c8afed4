// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;

class LeafMergePropertyTest {
  private static final int PAGES = 8192;
  private static long merged;

  /** Merges between puts and deletes change no record, and a page that one saves is free. */
  @Property(tries = 60)
  void shouldKeepWhatASortedMapHolds(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 1000) int keyLengthMax,
      @ForAll @IntRange(min = 1, max = MergeConfig.SIBLINGS_MAX) int siblings,
      @ForAll @IntRange(min = 50, max = 100) int belowPercent,
      @ForAll @IntRange(min = 10, max = 3000) int operations)
      throws IOException {
    check(seed, keyLengthMax, new MergeConfig(siblings, belowPercent), operations);
  }

  /** A leaf was filled one byte beyond its end: the prefix of what it took in was shorter. */
  @Example
  void shouldFillALeafToItsEndAndNotBeyond() throws IOException {
    check(0, 36, new MergeConfig(2, 54), 2748);
  }

  private static void check(long seed, int keyLengthMax, MergeConfig config, int operations)
      throws IOException {
    Random random = new Random(seed);
    NavigableMap<byte[], byte[]> model = new TreeMap<>(Arrays::compareUnsigned);
    try (TreeFixture fixture = TreeFixture.inMemory(PAGES)) {
      LeafMerger merger = new LeafMerger(fixture.space, config);
      for (int phase = 0; phase < 4; phase++) {
        double deletes = random.nextInt(8) / 10.0;
        change(fixture, model, random, keyLengthMax, operations, deletes);
        long before = fixture.verified().leafCount();
        long merges = LeafMergeTest.mergeAll(fixture, merger);
        merged += merges;
        assertEquals(before - merges, fixture.verified().leafCount());
        assertSameContent(fixture, model);
      }
    }
  }

  @AfterContainer
  static void haveMerged() {
    assertTrue(merged > 100, "merges: " + merged);
  }

  private static void change(
      TreeFixture fixture,
      NavigableMap<byte[], byte[]> model,
      Random random,
      int keyLengthMax,
      int operations,
      double deletes)
      throws IOException {
    for (int i = 0; i < operations; i++) {
      byte[] key = new byte[random.nextInt(keyLengthMax + 1)];
      int fixed = random.nextInt(key.length + 1);
      for (int at = fixed; at < key.length; at++) {
        key[at] = (byte) random.nextInt(4);
      }
      byte[] present = random.nextInt(3) == 0 ? model.floorKey(key) : null;
      key = present == null ? key : present;
      if (random.nextDouble() < deletes) {
        assertEquals(model.remove(key) != null, fixture.delete(key));
      } else {
        byte[] value = value(random, key.length);
        assertEquals(model.put(key, value) != null, fixture.put(key, value));
      }
    }
  }

  private static byte[] value(Random random, int keyLength) {
    int limit = BTree.inlineBytesMax(keyLength, TreeFixture.PAGE);
    byte[] value = new byte[random.nextInt(limit / (1 + random.nextInt(8)) + 1)];
    random.nextBytes(value);
    return value;
  }

  private static void assertSameContent(TreeFixture fixture, NavigableMap<byte[], byte[]> model)
      throws IOException {
    assertEquals(model.size(), fixture.verified().keyCount());
    for (Map.Entry<byte[], byte[]> entry : model.entrySet()) {
      assertArrayEquals(entry.getValue(), fixture.get(entry.getKey()));
    }
  }
}
