// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class TreeLoaderTest {
  /** Above what a space map of {@link TreeFixture#PAGE} bytes has bits for. */
  private static final long GROUP_PAGES_MAX = 8L * TreeFixture.PAGE;

  private static NavigableMap<byte[], byte[]> entries(int count, int valueBytes) {
    NavigableMap<byte[], byte[]> entries = new TreeMap<>(Arrays::compareUnsigned);
    for (int i = 0; i < count; i++) {
      entries.put(TreeFixture.bytes(i), new byte[valueBytes]);
    }
    return entries;
  }

  @Test
  void shouldLoadAnyCountFromNothingToSeveralLevels() throws IOException {
    for (int count : new int[] {0, 1, 2, 29, 30, 31, 60, 1_000, 20_000}) {
      try (TreeFixture fixture = TreeFixture.inMemory(4096)) {
        NavigableMap<byte[], byte[]> entries = entries(count, 120);
        LoadFixture load = new LoadFixture(fixture, 16);
        assertTrue(load.load(entries) > 0);
        assertEquals(count, load.loader.count());
        LoadFixture.assertContent(fixture, entries);
      }
    }
  }

  @Test
  void shouldFillLeavesToTheEnd() throws IOException {
    try (TreeFixture fixture = TreeFixture.inMemory(4096)) {
      new LoadFixture(fixture, 64).load(entries(50_000, 120));
      assertTrue(fixture.verified().leafFillPercent() >= 95);
      long pageBytes = fixture.verified().pageCount() * TreeFixture.PAGE;
      assertTrue(pageBytes <= 1.2 * 50_000 * 128, pageBytes + " bytes");
    }
  }

  @Test
  void shouldUseNoPageWhenTheRootHoldsAll() throws IOException {
    try (TreeFixture fixture = TreeFixture.inMemory(512)) {
      long available = fixture.space.availablePages();
      new LoadFixture(fixture, 16).load(entries(20, 120));
      assertEquals(available, fixture.space.availablePages());
    }
  }

  @Test
  void shouldLoadIntoATinyPool() throws IOException {
    try (TreeFixture fixture = TreeFixture.withTinyPool(4096)) {
      NavigableMap<byte[], byte[]> entries = entries(30_000, 120);
      new LoadFixture(fixture, 100).load(entries);
      LoadFixture.assertContent(fixture, entries);
    }
  }

  @Test
  void shouldCutWhereLongKeysAllowAFence() throws IOException {
    try (TreeFixture fixture = TreeFixture.inMemory(8192)) {
      NavigableMap<byte[], byte[]> entries = new TreeMap<>(Arrays::compareUnsigned);
      for (int i = 0; i < 4_000; i++) {
        byte[] key = new byte[i % 7 == 0 ? 3 : 1000];
        key[0] = (byte) (i >>> 8);
        key[1] = (byte) i;
        key[key.length - 1] = (byte) i;
        entries.put(key, new byte[i % 11]);
        byte[] near = Arrays.copyOf(key, key.length);
        near[key.length - 1]++;
        entries.put(near, new byte[0]);
      }
      new LoadFixture(fixture, 32).load(entries);
      LoadFixture.assertContent(fixture, entries);
    }
  }

  @Test
  void shouldGiveUpThePrefixOfTheLastLeaf() throws IOException {
    for (int count = 2; count < 200; count += 13) {
      try (TreeFixture fixture = TreeFixture.inMemory(1024)) {
        NavigableMap<byte[], byte[]> entries = new TreeMap<>(Arrays::compareUnsigned);
        entries.put(new byte[] {1}, new byte[0]);
        for (int i = 0; i < count; i++) {
          byte[] key = new byte[1000];
          Arrays.fill(key, (byte) 2);
          key[999] = (byte) i;
          entries.put(key, new byte[0]);
        }
        new LoadFixture(fixture, 16).load(entries);
        LoadFixture.assertContent(fixture, entries);
      }
    }
  }

  @Test
  void shouldNameThePlaceOfAKeyOutOfOrder() throws IOException {
    try (TreeFixture fixture = TreeFixture.inMemory(1024)) {
      long available = fixture.space.availablePages();
      LoadFixture load = new LoadFixture(fixture, 16);
      load.addAll(entries(5_000, 10));
      IllegalArgumentException wrongOrder =
          assertThrows(
              IllegalArgumentException.class, () -> load.add(TreeFixture.bytes(7), new byte[0]));
      assertEquals(
          "entry 5000, counted from 0, has the key 0x0000000000000007, which is not above"
              + " 0x0000000000001387 before it",
          wrongOrder.getMessage());
      assertThrows(
          IllegalArgumentException.class, () -> load.add(TreeFixture.bytes(4_999), new byte[0]));
      load.free();
      assertEquals(available, fixture.space.availablePages());
      assertEquals(0, fixture.verified().keyCount());
    }
  }

  @Test
  void shouldNotPublishIntoATreeThatHasGotAnEntry() throws IOException {
    try (TreeFixture fixture = TreeFixture.inMemory(1024)) {
      assertTrue(TreeLoader.canLoad(fixture.tree));
      LoadFixture load = new LoadFixture(fixture, 16);
      load.addAll(entries(5_000, 10));
      fixture.put(new byte[] {9}, new byte[] {3});
      long available = fixture.space.availablePages();
      load.finish();
      assertEquals(-1, load.publish());
      load.free();
      assertTrue(fixture.space.availablePages() > available);
      assertEquals(1, fixture.verified().keyCount());
      assertFalse(TreeLoader.canLoad(fixture.tree));
    }
  }

  @Test
  void shouldLoadLargeValuesIntoItsRuns() throws IOException {
    try (TreeFixture fixture = TreeFixture.inMemory(4096)) {
      NavigableMap<byte[], byte[]> entries = entries(600, 1_500);
      entries.put(TreeFixture.bytes(300), new byte[2_000_000]);
      entries.put(TreeFixture.bytes(301), new byte[70_000]);
      new LoadFixture(fixture, 16).load(entries);
      LoadFixture.assertContent(fixture, entries);
      for (byte[] key : entries.keySet()) {
        assertTrue(fixture.delete(key));
      }
      fixture.verified();
    }
  }

  /** Among them those that need a page more for the extents they might have. */
  @Test
  void shouldLoadLargeValuesOfAnyLengthFromAsManyPagesAsItAsksFor() throws IOException {
    for (int length = 3_900; length < 16_400; length += 31) {
      try (TreeFixture fixture = TreeFixture.inMemory(1024)) {
        NavigableMap<byte[], byte[]> entries = entries(20, length);
        new LoadFixture(fixture, 1).load(entries);
        LoadFixture.assertContent(fixture, entries);
      }
    }
  }

  @Test
  void shouldJoinRunsThatAreStartedAnew() throws IOException {
    try (TreeFixture fixture = TreeFixture.inMemory(4096)) {
      long available = fixture.space.availablePages();
      LoadFixture load = new LoadFixture(fixture, 8);
      load.addAll(entries(20_000, 120));
      assertTrue(load.runs.size() > 10);
      long pages = load.runs.stream().mapToLong(PageRun::pageCount).sum();
      load.renew();
      assertEquals(1, load.runs.size());
      assertEquals(pages, load.runs.getFirst().pageCount());
      load.free();
      assertEquals(available, fixture.space.availablePages());
    }
  }

  @Test
  void shouldSayInItsRecordWhoseTreeWasLoaded() throws IOException {
    try (TreeFixture fixture = TreeFixture.inMemory(4096)) {
      LoadFixture load = new LoadFixture(fixture, 64);
      load.addAll(entries(5_000, 10));
      load.finish();
      fixture.log.isKeeping = true;
      load.publish();
      byte[] body = fixture.log.records.getLast().body();
      List<Long> ended = new ArrayList<>();
      List<Long> owners = new ArrayList<>();
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment record = arena.allocateFrom(ValueLayout.JAVA_BYTE, body);
        PageRedo redo = new PageRedo(TreeFixture.PAGE);
        redo.wrap(record.address(), body.length, 99);
        while (redo.next()) {
          if (redo.isRunEnd()) {
            ended.add(redo.endedRun());
          } else if (redo.isLoad()) {
            owners.add(redo.loadOwner());
          }
        }
      }
      assertArrayEquals(
          load.runs.stream().mapToLong(PageRun::lsn).toArray(),
          ended.stream().mapToLong(Long::longValue).toArray());
      assertEquals(List.of(7L), owners);
    }
  }

  /** A second delta of a page in one record would not be redone; see docs/file-format.md. */
  @Test
  void shouldFreeARunThatComesBackToAGroupByOneDeltaPerMap() throws IOException {
    try (TreeFixture fixture = TreeFixture.withTinyPool(2 * GROUP_PAGES_MAX)) {
      long available = fixture.space.availablePages();
      LoadFixture load = new LoadFixture(fixture, 8);
      while (fixture.space.availablePages() > 0) {
        long pages = Math.min(fixture.space.availablePages(), 700);
        load.runs.add(fixture.space.allocateRun(fixture.key, pages));
      }
      load.renew();
      assertEquals(1, load.runs.size());
      fixture.log.isKeeping = true;
      fixture.log.records.clear();
      load.free();
      assertEquals(available, fixture.space.availablePages());
      assertEquals(1, fixture.log.records.size());
      List<Long> pageIds = pageIds(fixture.log.records.getFirst().body());
      assertEquals(pageIds.stream().distinct().toList(), pageIds);
      assertTrue(pageIds.size() > 1, pageIds.toString());
    }
  }

  private static List<Long> pageIds(byte[] body) throws DamagedRecordException {
    List<Long> pageIds = new ArrayList<>();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment record = arena.allocateFrom(ValueLayout.JAVA_BYTE, body);
      PageRedo redo = new PageRedo(TreeFixture.PAGE);
      redo.wrap(record.address(), body.length, 99);
      while (redo.next()) {
        if (redo.pageId() >= 0) {
          pageIds.add(redo.pageId());
        }
      }
    }
    return pageIds;
  }
}
