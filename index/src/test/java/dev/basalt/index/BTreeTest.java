// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class BTreeTest {
  private static final int COUNT = 30_000;

  @Test
  void shouldStartEmptyWithItsRootAtPageOne() throws IOException {
    try (TreeFixture fixture = TreeFixture.inMemory(256)) {
      assertEquals(1, fixture.tree.rootId());
      assertNull(fixture.get(new byte[0]));
      assertFalse(fixture.delete(new byte[] {1}));
      assertEquals(0, fixture.verified().keyCount());
    }
  }

  @Test
  void shouldInsertReplaceAndDelete() throws IOException {
    try (TreeFixture fixture = TreeFixture.inMemory(256)) {
      assertFalse(fixture.put(new byte[] {1}, new byte[] {2, 3}));
      assertTrue(fixture.put(new byte[] {1}, new byte[] {4}));
      assertArrayEquals(new byte[] {4}, fixture.get(new byte[] {1}));
      assertFalse(fixture.put(new byte[0], new byte[0]));
      assertArrayEquals(new byte[0], fixture.get(new byte[0]));
      assertTrue(fixture.delete(new byte[] {1}));
      assertNull(fixture.get(new byte[] {1}));
      assertEquals(1, fixture.verified().keyCount());
    }
  }

  @Test
  void shouldFillLeavesWhenKeysAscend() throws IOException {
    try (TreeFixture fixture = TreeFixture.inMemory(2048)) {
      byte[] value = new byte[120];
      for (int i = 0; i < COUNT; i++) {
        fixture.put(TreeFixture.bytes(i), value);
      }
      TreeVerifier verifier = fixture.verified();
      assertEquals(COUNT, verifier.keyCount());
      assertTrue(verifier.pageCount() * TreeFixture.PAGE <= 1.2 * 128 * COUNT, "too much space");
    }
  }

  @Test
  void shouldStayBelowOneAndAHalfTimesTheDataWhenKeysAreRandom() throws IOException {
    try (TreeFixture fixture = TreeFixture.inMemory(2048)) {
      Random random = new Random(1);
      byte[] value = new byte[120];
      for (int i = 0; i < COUNT; i++) {
        fixture.put(TreeFixture.bytes(random.nextLong()), value);
      }
      TreeVerifier verifier = fixture.verified();
      assertEquals(COUNT, verifier.keyCount());
      assertTrue(verifier.pageCount() * TreeFixture.PAGE <= 1.5 * 128 * COUNT, "too much space");
    }
  }

  @Test
  void shouldGiveAllPagesBackWhenEverythingIsDeleted() throws IOException {
    try (TreeFixture fixture = TreeFixture.inMemory(2048)) {
      long available = fixture.space.availablePages();
      Random random = new Random(2);
      TreeMap<Long, Integer> keys = new TreeMap<>();
      for (int i = 0; i < COUNT; i++) {
        keys.put(random.nextLong(), i);
      }
      for (long key : keys.keySet()) {
        fixture.put(TreeFixture.bytes(key), new byte[100]);
      }
      fixture.verified();
      for (long key : keys.keySet()) {
        assertTrue(fixture.delete(TreeFixture.bytes(key)));
      }
      TreeVerifier verifier = fixture.verified();
      assertEquals(0, verifier.keyCount());
      assertTrue(verifier.pageCount() < 20, "pages left: " + verifier.pageCount());
      assertEquals(available - verifier.pageCount() + 1, fixture.space.availablePages());
    }
  }

  @Test
  void shouldRefuseALongKeyAndALongValue() throws IOException {
    try (TreeFixture fixture = TreeFixture.inMemory(256)) {
      byte[] tooLong = new byte[SearchKey.LENGTH_BYTES_MAX + 1];
      assertThrows(IllegalArgumentException.class, () -> fixture.put(tooLong, new byte[0]));
      byte[] large = new byte[BTree.inlineBytesMax(1, TreeFixture.PAGE) + 1];
      assertThrows(IllegalArgumentException.class, () -> fixture.put(new byte[1], large));
    }
  }
}
