// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class TreeLoaderPropertyTest {
  /** A loaded tree holds what was loaded, is whole, and goes on like any other tree. */
  @Property(tries = 60)
  void shouldHoldWhatWasLoadedAndChangeLikeAnyTree(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 1000) int keyLengthMax,
      @ForAll @IntRange(min = 1, max = 256) int alphabet,
      @ForAll @IntRange(max = 4000) int count,
      @ForAll @IntRange(min = 1, max = 300) int runPages)
      throws IOException {
    Random random = new Random(seed);
    NavigableMap<byte[], byte[]> model = new TreeMap<>(Arrays::compareUnsigned);
    byte[] before = new byte[0];
    for (int i = 0; i < count; i++) {
      before = key(random, keyLengthMax, alphabet, before);
      model.put(before, value(random, before.length));
    }
    try (TreeFixture fixture = TreeFixture.inMemory(16_384)) {
      new LoadFixture(fixture, runPages).load(model);
      LoadFixture.assertContent(fixture, model);
      change(fixture, model, random, keyLengthMax, alphabet);
      LoadFixture.assertContent(fixture, model);
    }
  }

  private static void change(
      TreeFixture fixture,
      NavigableMap<byte[], byte[]> model,
      Random random,
      int keyLengthMax,
      int alphabet)
      throws IOException {
    List<byte[]> loaded = new ArrayList<>(model.keySet());
    double deletes = random.nextDouble();
    for (int i = 0; i < 2_000; i++) {
      byte[] old = loaded.isEmpty() ? new byte[0] : loaded.get(random.nextInt(loaded.size()));
      if (random.nextDouble() < deletes) {
        assertEquals(model.remove(old) != null, fixture.delete(old));
      } else {
        byte[] key = random.nextBoolean() ? old : key(random, keyLengthMax, alphabet, old);
        byte[] value = new byte[random.nextInt(BTree.inlineBytesMax(key.length, TreeFixture.PAGE))];
        assertEquals(model.put(key, value) != null, fixture.put(key, value));
      }
    }
  }

  /** Makes a key that often shares much with the one before. */
  private static byte[] key(Random random, int lengthMax, int alphabet, byte[] before) {
    byte[] key = new byte[random.nextInt(lengthMax + 1)];
    int kept = random.nextInt(4) == 0 ? 0 : random.nextInt(Math.min(key.length, before.length) + 1);
    System.arraycopy(before, 0, key, 0, kept);
    for (int i = kept; i < key.length; i++) {
      key[i] = (byte) (random.nextInt(alphabet) * 255 / alphabet);
    }
    return key;
  }

  private static byte[] value(Random random, int keyLength) {
    int limit = BTree.inlineBytesMax(keyLength, TreeFixture.PAGE);
    int length =
        switch (random.nextInt(20)) {
          case 0 -> random.nextInt(15_000);
          case 1, 2, 3 -> random.nextInt(limit + 1);
          default -> random.nextInt(limit / 8 + 1);
        };
    byte[] value = new byte[length];
    random.nextBytes(value);
    return value;
  }
}
