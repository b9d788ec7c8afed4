// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class BTreePropertyTest {
  /** The tree holds what a sorted map holds after the same operations, and is whole. */
  @Property(tries = 40)
  void shouldBehaveLikeASortedMap(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 1000) int keyLengthMax,
      @ForAll @IntRange(min = 1, max = 256) int alphabet,
      @ForAll @IntRange(min = 10, max = 4000) int operations)
      throws IOException {
    Random random = new Random(seed);
    TreeMap<byte[], byte[]> model = new TreeMap<>(Arrays::compareUnsigned);
    try (TreeFixture fixture = TreeFixture.inMemory(8192)) {
      for (int phase = 0; phase < 3; phase++) {
        double deletes = random.nextInt(10) / 10.0;
        for (int i = 0; i < operations; i++) {
          byte[] key = key(random, keyLengthMax, alphabet, model);
          if (random.nextDouble() < deletes) {
            assertEquals(model.remove(key) != null, fixture.delete(key));
          } else {
            byte[] value = value(random, key.length);
            assertEquals(model.put(key, value) != null, fixture.put(key, value));
          }
        }
        assertSameContent(fixture, model);
      }
    }
  }

  private static void assertSameContent(TreeFixture fixture, NavigableMap<byte[], byte[]> model)
      throws IOException {
    assertEquals(model.size(), fixture.verified().keyCount());
    for (Map.Entry<byte[], byte[]> entry : model.entrySet()) {
      assertArrayEquals(entry.getValue(), fixture.get(entry.getKey()));
    }
  }

  private static byte[] key(
      Random random, int lengthMax, int alphabet, NavigableMap<byte[], byte[]> model) {
    byte[] key = new byte[random.nextInt(lengthMax + 1)];
    int fixed = random.nextInt(3) == 0 ? 0 : random.nextInt(key.length + 1);
    for (int i = fixed; i < key.length; i++) {
      key[i] = (byte) (random.nextInt(alphabet) * 255 / alphabet);
    }
    if (random.nextInt(3) == 0 && !model.isEmpty()) {
      byte[] near = model.floorKey(key);
      return near == null ? model.firstKey() : near;
    }
    return key;
  }

  private static byte[] value(Random random, int keyLength) {
    int limit = BTree.inlineBytesMax(keyLength, TreeFixture.PAGE);
    int length = random.nextInt(4) == 0 ? random.nextInt(limit + 1) : random.nextInt(limit / 8 + 1);
    byte[] value = new byte[length];
    random.nextBytes(value);
    return value;
  }
}
