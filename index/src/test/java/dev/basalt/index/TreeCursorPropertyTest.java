// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
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
import org.jspecify.annotations.Nullable;

class TreeCursorPropertyTest {
  private final SearchKey found = new SearchKey();

  /** A range read both ways is what a sorted map says, for any bounds. */
  @Property(tries = 30)
  void shouldReadRangesBothWays(@ForAll long seed) throws IOException {
    Random random = new Random(seed);
    NavigableMap<byte[], byte[]> model = new TreeMap<>(Arrays::compareUnsigned);
    try (TreeFixture fixture = TreeFixture.inMemory(1024)) {
      int count = random.nextInt(3000);
      for (int i = 0; i < count; i++) {
        byte[] key = key(random);
        byte[] value = new byte[random.nextInt(300)];
        model.put(key, value);
        fixture.put(key, value);
      }
      for (int i = 0; i < 60; i++) {
        checkRange(fixture, model, random);
      }
    }
  }

  /** Steps to and fro stay in line with the sorted map. */
  @Property(tries = 20)
  void shouldTurnAnywhere(@ForAll long seed) throws IOException {
    Random random = new Random(seed);
    NavigableMap<byte[], byte[]> model = new TreeMap<>(Arrays::compareUnsigned);
    try (TreeFixture fixture = TreeFixture.inMemory(1024)) {
      for (int i = 0; i < 1000; i++) {
        byte[] key = key(random);
        model.put(key, key);
        fixture.put(key, key);
      }
      List<byte[]> keys = new ArrayList<>(model.keySet());
      TreeCursor cursor = fixture.tree.cursor();
      byte[] start = key(random);
      cursor.seek(fixture.key.set(start));
      int next = model.headMap(start).size();
      boolean isOnEntry = false;
      for (int i = 0; i < 3000; i++) {
        boolean isForward = random.nextInt(100) < (i % 600 < 300 ? 80 : 20);
        if (isForward) {
          next = Math.min(keys.size(), isOnEntry ? next + 1 : next);
          isOnEntry = next < keys.size();
          assertEquals(isOnEntry, cursor.next());
        } else {
          isOnEntry = next > 0;
          next = Math.max(0, next - 1);
          assertEquals(isOnEntry, cursor.previous());
        }
        if (isOnEntry) {
          cursor.key(found);
          assertArrayEquals(keys.get(next), found.toByteArray());
        }
      }
    }
  }

  private void checkRange(TreeFixture fixture, NavigableMap<byte[], byte[]> model, Random random)
      throws IOException {
    byte[] low = random.nextInt(4) == 0 ? null : bound(random, model);
    byte[] high = random.nextInt(4) == 0 ? null : bound(random, model);
    boolean isLowInclusive = random.nextBoolean();
    boolean isHighInclusive = random.nextBoolean();
    TreeCursor cursor =
        fixture.tree.cursor().low(set(low), isLowInclusive).high(set(high), isHighInclusive);
    List<byte[]> expected = new ArrayList<>();
    for (byte[] key : model.keySet()) {
      int fromLow = low == null ? 1 : Arrays.compareUnsigned(key, low);
      int toHigh = high == null ? 1 : Arrays.compareUnsigned(high, key);
      boolean isIn = fromLow > 0 || fromLow == 0 && isLowInclusive;
      if (isIn && (toHigh > 0 || toHigh == 0 && isHighInclusive)) {
        expected.add(key);
      }
    }
    for (byte[] key : expected) {
      assertEquals(true, cursor.next());
      cursor.key(found);
      assertArrayEquals(key, found.toByteArray());
      cursor.value(fixture.value);
      assertArrayEquals(model.get(key), fixture.value.toByteArray());
    }
    assertEquals(false, cursor.next());
    if (random.nextBoolean()) {
      cursor.low(set(low), isLowInclusive);
    }
    for (byte[] key : expected.reversed()) {
      assertEquals(true, cursor.previous());
      cursor.key(found);
      assertArrayEquals(key, found.toByteArray());
    }
    assertEquals(false, cursor.previous());
  }

  private static @Nullable SearchKey set(byte @Nullable [] key) {
    return key == null ? null : new SearchKey().set(key);
  }

  private static byte[] bound(Random random, NavigableMap<byte[], byte[]> model) {
    byte[] key = key(random);
    byte[] near = model.ceilingKey(key);
    return near == null || random.nextBoolean() ? key : near;
  }

  private static byte[] key(Random random) {
    byte[] key = new byte[random.nextInt(6)];
    for (int i = 0; i < key.length; i++) {
      key[i] = (byte) (random.nextInt(6) * 50);
    }
    return key;
  }
}
