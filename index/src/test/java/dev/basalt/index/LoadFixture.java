// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;

/** Loads the tree of a fixture with runs of a chosen size. */
final class LoadFixture {
  final List<PageRun> runs = new ArrayList<>();
  final TreeLoader loader;
  private final TreeFixture fixture;
  private final int runPages;

  LoadFixture(TreeFixture fixture, int runPages) {
    this.fixture = fixture;
    this.runPages = runPages;
    loader = new TreeLoader(fixture.tree);
  }

  /** Loads entries and publishes them; returns the LSN of the record. */
  long load(NavigableMap<byte[], byte[]> entries) throws IOException {
    addAll(entries);
    finish();
    return publish();
  }

  void addAll(NavigableMap<byte[], byte[]> entries) throws IOException {
    for (Map.Entry<byte[], byte[]> entry : entries.entrySet()) {
      add(entry.getKey(), entry.getValue());
    }
  }

  void add(byte[] key, byte[] value) throws IOException {
    MemorySegment keySegment = MemorySegment.ofArray(key);
    MemorySegment valueSegment = MemorySegment.ofArray(value);
    if (value.length <= BTree.inlineBytesMax(key.length, TreeFixture.PAGE)) {
      loader.add(keySegment, valueSegment);
    } else {
      supply(loader.overflowPages(value.length));
      loader.addLarge(keySegment, valueSegment);
    }
    if (loader.isCutDue()) {
      supply(loader.neededPages());
      loader.cut();
      assertFalse(loader.isCutDue());
    }
  }

  void finish() throws IOException {
    supply(loader.neededPages());
    loader.finish();
  }

  long publish() throws IOException {
    return loader.tryPublish(fixture.key, runs, 7);
  }

  void free() throws IOException {
    for (PageRun run : runs) {
      fixture.space.freeRun(fixture.key, run);
    }
  }

  void renew() throws IOException {
    List<PageRun> renewed = fixture.space.renewRuns(fixture.key, runs);
    runs.clear();
    runs.addAll(renewed);
  }

  private void supply(long needed) throws IOException {
    long missing = needed - loader.suppliedPages();
    if (missing > 0) {
      PageRun run = fixture.space.allocateRun(fixture.key, Math.max(missing, runPages));
      runs.add(run);
      loader.supply(run);
    }
  }

  /** Compares the tree with what it must hold, by every way of reading. */
  static void assertContent(TreeFixture fixture, NavigableMap<byte[], byte[]> entries)
      throws IOException {
    assertEquals(entries.size(), fixture.verified().keyCount());
    TreeCursor cursor = fixture.tree.cursor();
    SearchKey key = new SearchKey();
    for (Map.Entry<byte[], byte[]> entry : entries.entrySet()) {
      assertArrayEquals(entry.getValue(), value(fixture, entry.getKey()));
      assertTrue(cursor.next());
      cursor.key(key);
      assertArrayEquals(entry.getKey(), key.toByteArray());
    }
    assertFalse(cursor.next());
    for (byte[] expected : entries.descendingKeySet()) {
      assertTrue(cursor.previous());
      cursor.key(key);
      assertArrayEquals(expected, key.toByteArray());
    }
    assertFalse(cursor.previous());
  }

  private static byte[] value(TreeFixture fixture, byte[] key) throws IOException {
    assertTrue(fixture.tree.get(fixture.key.set(key), fixture.value));
    if (!fixture.value.isReference()) {
      return fixture.value.toByteArray();
    }
    byte[] value = new byte[(int) fixture.value.valueBytes()];
    OverflowReader reader = new OverflowReader(fixture.tree);
    assertTrue(reader.tryOpen(fixture.value));
    assertTrue(reader.tryRead(0, MemorySegment.ofArray(value)));
    return value;
  }
}
