// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.bufferpool.PageHeader;
import dev.basalt.index.RecordingLog.Structure;
import dev.basalt.index.internal.IndexMemory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterContainer;
import org.jspecify.annotations.Nullable;

/**
 * Recovery in small: pages as a crash leaves them, each of some age since the checkpoint or torn,
 * and the records since then.
 */
class RedoPropertyTest {
  private static final int PAGES = 1024;

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Logical(long lsn, byte[] key, byte @Nullable [] value) {}

  private static long merges;

  private final byte[] @Nullable [] device = new byte @Nullable [PAGES][];
  private final List<Logical> logical = new ArrayList<>();
  private final NavigableMap<byte[], byte[]> model = new TreeMap<>(Arrays::compareUnsigned);

  /** Redo of pages of any age gives a whole tree; re-applied commits make it the model. */
  @Property(tries = 60)
  void shouldRecoverFromPagesOfAnyAge(@ForAll long seed) throws IOException {
    Random random = new Random(seed);
    Arrays.fill(device, null);
    logical.clear();
    model.clear();
    List<Structure> records;
    try (TreeFixture fixture = TreeFixture.inMemory(PAGES)) {
      int keyLength = random.nextInt(4) == 0 ? 300 : 12;
      change(fixture, random, random.nextInt(3000), keyLength, false);
      fixture.log.horizon = fixture.log.nextLsn();
      fixture.log.isKeeping = true;
      fixture.log.records.clear();
      logical.clear();
      for (int page = 0; page < PAGES; page++) {
        snapshot(fixture, page, random, 0);
      }
      change(fixture, random, random.nextInt(3000), keyLength, true);
      records = List.copyOf(fixture.log.records);
      fixture.verified();
    }
    recoverAndCheck(records);
  }

  /** Else redo of merges was not tried. */
  @AfterContainer
  static void haveMerged() {
    assertTrue(merges > 100, "merges: " + merges);
  }

  private void change(
      TreeFixture fixture, Random random, int count, int keyLength, boolean writesPages)
      throws IOException {
    double deletes = random.nextInt(8) / 10.0;
    int siblings = random.nextInt(MergeConfig.SIBLINGS_MAX + 1);
    LeafMerger merger = new LeafMerger(fixture.space, new MergeConfig(siblings, 90));
    for (int i = 0; i < count; i++) {
      if (siblings > 0 && random.nextInt(400) == 0) {
        merges += LeafMergeTest.mergeAll(fixture, merger);
      }
      byte[] key = key(random, keyLength);
      boolean isDelete = random.nextDouble() < deletes;
      byte[] value = isDelete ? null : value(random);
      long lsn = fixture.log.nextLsn();
      logical.add(new Logical(lsn, key, value));
      apply(fixture, key, value, lsn);
      if (value == null) {
        model.remove(key);
      } else {
        model.put(key, value);
      }
      if (writesPages && random.nextInt(4) == 0) {
        snapshot(fixture, random.nextInt(PAGES), random, 0.4);
      }
    }
  }

  private static void apply(TreeFixture fixture, byte[] key, byte @Nullable [] value, long lsn)
      throws IOException {
    if (value == null) {
      fixture.tree.delete(fixture.key.set(key), lsn);
    } else {
      fixture.tree.put(fixture.key.set(key), fixture.value.set(value), lsn);
    }
  }

  /** Puts a page on the device as it is now, or torn if it was changed since the checkpoint. */
  private void snapshot(TreeFixture fixture, int page, Random random, double tornRatio) {
    try {
      fixture.pool.latchShared(page);
    } catch (IOException e) {
      return; // never written, or freed
    }
    long address = fixture.pool.address(page);
    boolean isChanged = PageHeader.lsn(address) >= fixture.log.horizon;
    byte[] content = new byte[TreeFixture.PAGE];
    MemorySegment target = MemorySegment.ofArray(content);
    IndexMemory.copyOut(address, target, 0, content.length);
    fixture.pool.unlatchShared(page);
    device[page] = isChanged && random.nextDouble() < tornRatio ? null : content;
  }

  private void recoverAndCheck(List<Structure> records) throws IOException {
    try (Arena arena = Arena.ofConfined();
        TreeFixture fixture = TreeFixture.inMemory(PAGES)) {
      MemorySegment pages = arena.allocate((long) PAGES * TreeFixture.PAGE + 4096, 8);
      boolean[] isReadable = new boolean[PAGES];
      for (int page = 0; page < PAGES; page++) {
        byte[] content = device[page];
        isReadable[page] = content != null;
        if (content != null) {
          MemorySegment.copy(
              MemorySegment.ofArray(content), 0, pages, (long) page * 4096, content.length);
        }
      }
      for (Structure record : records) {
        redo(arena, record, pages.address(), isReadable);
      }
      for (int page = 0; page < PAGES; page++) {
        if (isReadable[page]) {
          load(fixture, page, pages.address() + (long) page * TreeFixture.PAGE);
        }
      }
      fixture.space.load();
      fixture.verified();
      for (Logical change : logical) {
        apply(fixture, change.key, change.value, change.lsn);
      }
      assertEquals(model.size(), fixture.verified().keyCount());
      for (Map.Entry<byte[], byte[]> entry : model.entrySet()) {
        assertArrayEquals(entry.getValue(), fixture.get(entry.getKey()));
      }
    }
  }

  private static void redo(Arena arena, Structure record, long pages, boolean[] isReadable)
      throws IOException {
    PageRedo redo = new PageRedo(TreeFixture.PAGE);
    MemorySegment body = arena.allocate(record.body().length, 8);
    body.copyFrom(MemorySegment.ofArray(record.body()));
    redo.wrap(body.address(), record.body().length, record.lsn());
    while (redo.next()) {
      int page = (int) redo.pageId();
      if (redo.redo(pages + (long) page * TreeFixture.PAGE, isReadable[page])) {
        isReadable[page] = true;
      }
    }
  }

  private static void load(TreeFixture fixture, int page, long from) throws IOException {
    if (page > 1) {
      fixture.pool.create(page);
    } else {
      fixture.pool.latchExclusive(page);
    }
    IndexMemory.copy(from, fixture.pool.address(page), TreeFixture.PAGE);
    fixture.pool.unlatchExclusive(page, true);
  }

  private static byte[] value(Random random) {
    byte[] value = new byte[random.nextInt(200)];
    random.nextBytes(value);
    return value;
  }

  private static byte[] key(Random random, int lengthMax) {
    byte[] key = new byte[1 + random.nextInt(lengthMax)];
    int length = Math.min(key.length, 3);
    for (int i = 0; i < length; i++) {
      key[i] = (byte) (random.nextInt(12) * 20);
    }
    for (int i = length; i < key.length; i++) {
      key[i] = (byte) (random.nextInt(20) == 0 ? 1 : 0);
    }
    return key;
  }
}
