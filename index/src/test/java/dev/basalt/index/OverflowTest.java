// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class OverflowTest {
  private static final byte[] KEY = {7};

  @Test
  void shouldReadWhatWasWrittenInParts() throws IOException {
    try (TreeFixture fixture = TreeFixture.inMemory(2048)) {
      for (int length : new int[] {0, 1, 4_000, 4_064, 100_000, 3_000_000}) {
        byte[] value = random(length);
        putLarge(fixture, value);
        fixture.verified();
        assertArrayEquals(value, read(fixture));
      }
    }
  }

  @Test
  void shouldFreeItsPagesWhenReplacedOrDeleted() throws IOException {
    try (TreeFixture fixture = TreeFixture.inMemory(2048)) {
      long available = fixture.space.availablePages();
      putLarge(fixture, random(100_000));
      putLarge(fixture, random(50_000));
      assertTrue(fixture.put(KEY, new byte[3]));
      assertEquals(available, fixture.space.availablePages());
      putLarge(fixture, random(100_000));
      assertTrue(fixture.delete(KEY));
      assertEquals(available, fixture.space.availablePages());
      fixture.verified();
    }
  }

  /** Not only deletes of values that are inline make leaves sparse. */
  @Test
  void shouldMergeTheLeavesOfDeletedValues() throws IOException {
    try (TreeFixture fixture = TreeFixture.inMemory(8192)) {
      long available = fixture.space.availablePages();
      for (int i = 0; i < 3000; i++) {
        putLarge(fixture, TreeFixture.bytes(i), new byte[1500]);
      }
      assertEquals(2, fixture.tree.height());
      for (int i = 0; i < 3000; i++) {
        assertTrue(fixture.delete(TreeFixture.bytes(i)));
      }
      assertEquals(1, fixture.tree.height());
      assertEquals(available, fixture.space.availablePages());
      fixture.verified();
    }
  }

  /** Whoever replaces a value has a key that is there at any time. */
  @Test
  void shouldNeverMissAKeyWhoseValueIsReplaced() throws Exception {
    try (TreeFixture fixture = TreeFixture.inMemory(2048)) {
      putLarge(fixture, new byte[5000]);
      AtomicBoolean isDone = new AtomicBoolean();
      FutureTask<Integer> misses = new FutureTask<>(() -> misses(fixture, isDone));
      Thread reader = Thread.ofPlatform().start(misses);
      for (int i = 0; i < 20_000; i++) {
        if (i % 3 == 0) {
          fixture.put(KEY, new byte[100]);
        } else {
          putLarge(fixture, new byte[4500 + i % 7]);
        }
      }
      isDone.set(true);
      reader.join();
      assertEquals(0, misses.get());
      fixture.verified();
    }
  }

  private static int misses(TreeFixture fixture, AtomicBoolean isDone) throws IOException {
    int misses = 0;
    SearchKey key = new SearchKey();
    ValueBuffer value = new ValueBuffer();
    while (!isDone.get()) {
      misses += fixture.tree.get(key.set(KEY), value) ? 0 : 1;
    }
    return misses;
  }

  /** Pages in use are counted twice while they are reserved; who needs none must not wait. */
  @Test
  void shouldReserveNoPagesWhileAllAreInUse() throws IOException {
    try (TreeFixture fixture = TreeFixture.inMemory(512)) {
      long all = fixture.space.availablePages();
      assertTrue(fixture.space.tryReserve(all));
      putLarge(fixture, random(100_000));
      assertFalse(fixture.space.tryReserve(1));
      assertTrue(fixture.space.tryReserve(0));
      fixture.space.release(all);
      assertTrue(fixture.space.tryReserve(1));
    }
  }

  @Test
  void shouldLeaveTheSameReferenceAlone() throws IOException {
    try (TreeFixture fixture = TreeFixture.inMemory(2048)) {
      byte[] value = random(20_000);
      putLarge(fixture, value);
      assertTrue(fixture.tree.get(fixture.key.set(KEY), fixture.value));
      assertTrue(fixture.tree.put(fixture.key, fixture.value, fixture.log.nextLsn()));
      assertArrayEquals(value, read(fixture));
      fixture.verified();
    }
  }

  @Test
  void shouldNoticeThatTheValueIsGone() throws IOException {
    try (TreeFixture fixture = TreeFixture.inMemory(2048)) {
      putLarge(fixture, random(20_000));
      assertTrue(fixture.tree.get(fixture.key.set(KEY), fixture.value));
      ValueBuffer old = new ValueBuffer();
      old.copyFrom(fixture.value.address(), fixture.value.lengthBytes(), true);
      putLarge(fixture, random(9_000));
      putLarge(fixture, random(20_000));
      OverflowReader reader = new OverflowReader(fixture.tree);
      boolean isThere =
          reader.tryOpen(old) && reader.tryRead(0, MemorySegment.ofArray(new byte[20_000]));
      assertFalse(isThere);
    }
  }

  @Test
  void shouldFreeARunThatWasNotPublished() throws IOException {
    try (TreeFixture fixture = TreeFixture.inMemory(2048)) {
      long available = fixture.space.availablePages();
      List<PageRun> pending = new ArrayList<>();
      new OverflowWriter(fixture.tree).begin(fixture.key, 1_000_000, pending);
      PageRun run = pending.getFirst();
      assertEquals(available - run.pageCount(), fixture.space.availablePages());
      fixture.space.freeRun(fixture.key, run);
      assertEquals(available, fixture.space.availablePages());
      fixture.verified();
    }
  }

  @Test
  void shouldReplaceWhileTheLeafChangesAllTheTime() throws Exception {
    try (TreeFixture fixture = TreeFixture.inMemory(2048)) {
      AtomicBoolean isDone = new AtomicBoolean();
      Thread neighbour = Thread.ofPlatform().start(() -> putUntil(fixture, isDone));
      try {
        for (int i = 1; i <= 300; i++) {
          putLarge(fixture, random(2_000 + i));
        }
      } finally {
        isDone.set(true);
        neighbour.join();
      }
      assertArrayEquals(random(2_300), read(fixture));
      fixture.verified();
    }
  }

  private static void putUntil(TreeFixture fixture, AtomicBoolean isDone) {
    SearchKey key = new SearchKey();
    ValueBuffer value = new ValueBuffer();
    try {
      for (long i = 0; !isDone.get(); i++) {
        fixture.tree.put(
            key.set(new byte[] {1}), value.set(TreeFixture.bytes(i)), fixture.log.nextLsn());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void shouldRefuseARunTooScatteredForOneRecord() throws IOException {
    try (TreeFixture fixture = TreeFixture.inMemory(1024)) {
      List<PageRun> runs = new ArrayList<>();
      for (int i = 0; i < 600; i++) {
        runs.add(fixture.space.allocateRun(fixture.key, 1));
      }
      for (int i = 0; i < runs.size(); i += 2) {
        fixture.space.freeRun(fixture.key, runs.get(i));
      }
      long available = fixture.space.availablePages();
      fixture.log.recordBytesMax = 8192;
      assertThrows(
          SpaceExhaustedException.class, () -> fixture.space.allocateRun(fixture.key, 300));
      assertEquals(available, fixture.space.availablePages());
      assertEquals(100, fixture.space.allocateRun(fixture.key, 100).pageCount());
      assertFalse(fixture.log.isChangeLost);
    }
  }

  /** Its pages can never be written: a checkpoint would wait for them without end. */
  @Test
  void shouldReportAChangeThatTheLogDidNotTake() throws IOException {
    try (TreeFixture fixture = TreeFixture.inMemory(512)) {
      fixture.log.isRefusing = true;
      assertThrows(IllegalStateException.class, () -> fixture.space.allocateRun(fixture.key, 3));
      assertTrue(fixture.log.isChangeLost);
    }
  }

  private static void putLarge(TreeFixture fixture, byte[] value) throws IOException {
    putLarge(fixture, KEY, value);
  }

  private static void putLarge(TreeFixture fixture, byte[] key, byte[] value) throws IOException {
    OverflowWriter writer = new OverflowWriter(fixture.tree);
    writer.begin(fixture.key, value.length, new ArrayList<>());
    int half = value.length / 3;
    writer.write(MemorySegment.ofArray(value).asSlice(0, half));
    writer.write(MemorySegment.ofArray(value).asSlice(half));
    writer.finish(fixture.value);
    fixture.tree.put(fixture.key.set(key), fixture.value, fixture.log.nextLsn());
  }

  private static byte[] read(TreeFixture fixture) throws IOException {
    assertTrue(fixture.tree.get(fixture.key.set(KEY), fixture.value));
    assertTrue(fixture.value.isReference());
    byte[] value = new byte[(int) fixture.value.valueBytes()];
    OverflowReader reader = new OverflowReader(fixture.tree);
    assertTrue(reader.tryOpen(fixture.value));
    assertTrue(reader.tryRead(0, MemorySegment.ofArray(value)));
    return value;
  }

  private static byte[] random(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }
}
