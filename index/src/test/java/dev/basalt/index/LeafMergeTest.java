// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LeafMergeTest {
  private static final int PAGES = 4096;
  private static final int RECORDS = 40_000;
  private static final MergeConfig PAIRS = new MergeConfig(1, 90);

  @Test
  void shouldFillWhatRandomInsertsHaveLeft() throws IOException {
    try (TreeFixture fixture = TreeFixture.inMemory(PAGES)) {
      putAtRandom(fixture);
      TreeVerifier before = fixture.verified();
      assertTrue(before.leafFillPercent() >= 70, "after inserts: " + before.leafFillPercent());
      LeafMerger merger = new LeafMerger(fixture.space, MergeConfig.defaults());
      long merges = mergeAll(fixture, merger);
      TreeVerifier after = fixture.verified();
      assertTrue(after.leafFillPercent() >= 85, "after merges: " + after.leafFillPercent());
      assertEquals(before.leafCount() - merges, after.leafCount());
      MergeStatistics statistics = merger.statistics();
      assertEquals(merges, statistics.merges());
      assertEquals(0, statistics.givenUp());
      assertTrue(statistics.moves() > merges, statistics.toString());
      assertSameContent(fixture);
    }
  }

  @Test
  void shouldLeaveFullLeavesAlone() throws IOException {
    try (TreeFixture fixture = TreeFixture.inMemory(PAGES)) {
      for (int i = 0; i < RECORDS; i++) {
        fixture.put(key(i), value(i));
      }
      long leaves = fixture.verified().leafCount();
      LeafMerger merger = new LeafMerger(fixture.space, MergeConfig.defaults());
      assertEquals(0, mergeAll(fixture, merger));
      assertEquals(leaves, fixture.verified().leafCount());
      assertEquals(0, merger.statistics().moves());
    }
  }

  @Test
  void shouldJoinNoMoreThanTheSiblingsAllowed() throws IOException {
    try (TreeFixture fixture = TreeFixture.inMemory(PAGES)) {
      putAtRandom(fixture);
      LeafMerger merger = new LeafMerger(fixture.space, PAIRS);
      mergeAll(fixture, merger);
      assertEquals(0, merger.statistics().moves(), "only whole leaves can be joined");
      fixture.verified();
      assertSameContent(fixture);
    }
  }

  @Test
  void shouldLookAtSparseLeavesOnly() throws IOException {
    try (TreeFixture fixture = TreeFixture.inMemory(PAGES)) {
      putAtRandom(fixture);
      LeafMerger merger = new LeafMerger(fixture.space, new MergeConfig(5, 1));
      assertEquals(0, mergeAll(fixture, merger));
      assertEquals(0, merger.statistics().sparseLeaves());
    }
  }

  /** Pages that are neither leaves nor in use, and the root of a tree of one leaf. */
  @Test
  void shouldLeaveOtherPagesAlone() throws IOException {
    try (TreeFixture fixture = TreeFixture.inMemory(PAGES)) {
      fixture.put(key(1), value(1));
      LeafMerger merger = new LeafMerger(fixture.space, MergeConfig.defaults());
      assertFalse(merger.isSparse(0), "the space map");
      assertFalse(merger.isSparse(PAGES - 1), "a page not in memory");
      assertTrue(merger.isSparse(fixture.tree.rootId()));
      assertFalse(merger.isOf(fixture.tree), "a leaf without siblings");
    }
  }

  /** What was changed a short time ago, and not by deletes, is likely to grow. */
  @Test
  void shouldLeaveAloneWhatIsStillToBeWritten() throws IOException {
    try (TreeFixture fixture = TreeFixture.inMemory(PAGES)) {
      putAtRandom(fixture);
      LeafMerger merger = new LeafMerger(fixture.space, MergeConfig.defaults());
      fixture.pool.writeBackAll();
      for (int i = 0; i < RECORDS; i++) {
        fixture.put(key(i), value(i));
      }
      for (long page = 1; page < PAGES; page++) {
        assertFalse(LeafMergeTest.tryMerge(fixture.tree, merger, page), "page " + page);
      }
      assertTrue(mergeAll(fixture, merger) > 0, "no merges after a write either");
      for (int i = 0; i < RECORDS; i++) {
        if (i % 4 > 0) {
          fixture.delete(key(i));
        }
      }
      long merges = merger.statistics().merges();
      for (long page = 1; page < PAGES; page++) {
        merges -= tryMerge(fixture.tree, merger, page) ? 1 : 0;
      }
      assertTrue(merges < 0, "deletes have left less than inserts do");
    }
  }

  @Test
  void shouldTellTreesApart() throws IOException {
    try (TreeFixture fixture = TreeFixture.inMemory(PAGES)) {
      BTree other = BTree.open(fixture.space, BTree.create(fixture.space, fixture.key));
      putAtRandom(fixture);
      for (int i = 0; i < 100; i++) {
        other.put(fixture.key.set(key(i)), fixture.value.set(value(i)), fixture.log.nextLsn());
      }
      fixture.pool.writeBackAll();
      LeafMerger merger = new LeafMerger(fixture.space, MergeConfig.defaults());
      int leaves = 0;
      for (long page = 1; page < PAGES; page++) {
        if (merger.isSparse(page)) {
          assertTrue(merger.isOf(fixture.tree) ^ merger.isOf(other), "page " + page);
          leaves++;
        }
      }
      assertTrue(leaves > 100, "sparse leaves: " + leaves);
    }
  }

  @Test
  void shouldGiveUpWhileASiblingIsLatched() throws IOException {
    try (TreeFixture fixture = TreeFixture.inMemory(PAGES)) {
      List<Long> leaves = twoSparseLeaves(fixture);
      LeafMerger merger = new LeafMerger(fixture.space, PAIRS);
      fixture.pool.latchExclusive(leaves.getLast());
      assertTrue(merger.isSparse(leaves.getFirst()));
      assertTrue(merger.isOf(fixture.tree));
      assertEquals(0, merger.choose(fixture.tree), "latched exclusively");
      fixture.pool.unlatchExclusive(leaves.getLast(), false);
      fixture.pool.latchShared(leaves.getLast());
      assertTrue(merger.isOf(fixture.tree));
      assertEquals(1, merger.choose(fixture.tree));
      assertFalse(merger.merge(fixture.tree, 1), "latched shared");
      fixture.pool.unlatchShared(leaves.getLast());
      assertEquals(1, merger.statistics().givenUp());
      assertEquals(2, fixture.verified().leafCount());
      assertTrue(tryMerge(fixture.tree, merger, leaves.getFirst()));
      assertEquals(1, fixture.verified().leafCount(), "merged into the root");
      assertEquals(1, fixture.verified().pageCount(), "the root");
    }
  }

  /** Leaves that are about to be evicted still are when they were merged, and used ones are not. */
  @Test
  void shouldBeNoUseOfTheLeaves() throws IOException {
    for (boolean isUsed : new boolean[] {false, true}) {
      try (TreeFixture fixture = TreeFixture.inMemory(PAGES)) {
        putAtRandom(fixture);
        fixture.pool.writeBackAll();
        long limit = fixture.space.pageLimit();
        for (long page = 1; page < limit && !isUsed; page++) {
          fixture.pool.passing().leave(page);
        }
        LeafMerger merger = new LeafMerger(fixture.space, MergeConfig.defaults());
        for (long page = 1; page < limit; page++) {
          tryMerge(fixture.tree, merger, page);
        }
        assertTrue(merger.statistics().merges() > 0);
        long unused = 0;
        for (long page = 1; page < limit; page++) {
          boolean isUnused = fixture.pool.passing().isUnused(page);
          unused += isUnused && fixture.space.isAllocated(page) ? 1 : 0;
        }
        long leaves = fixture.verified().leafCount();
        assertTrue(isUsed ? unused == 0 : unused >= leaves, unused + " of " + leaves + " unused");
      }
    }
  }

  @Test
  void shouldGiveUpWhenTheTreeHasChanged() throws IOException {
    try (TreeFixture fixture = TreeFixture.inMemory(PAGES)) {
      List<Long> leaves = twoSparseLeaves(fixture);
      LeafMerger merger = new LeafMerger(fixture.space, PAIRS);
      assertTrue(merger.isSparse(leaves.getFirst()));
      assertTrue(merger.isOf(fixture.tree));
      int steps = merger.choose(fixture.tree);
      assertEquals(1, steps);
      for (int i = 0; i < RECORDS; i++) {
        fixture.put(key(i), value(i));
      }
      assertFalse(merger.merge(fixture.tree, steps), "there is no room any more");
      fixture.verified();
    }
  }

  /** Deletes leave every leaf with a few records: inner nodes must be merged as well. */
  @Test
  void shouldLowerTheTree() throws IOException {
    try (TreeFixture fixture = TreeFixture.inMemory(PAGES)) {
      for (int i = 0; i < RECORDS; i++) {
        fixture.put(key(i), value(i));
      }
      int kept = 0;
      for (int i = 0; i < RECORDS; i++) {
        if (i % 8 == 0) {
          kept++;
        } else {
          fixture.delete(key(i));
        }
      }
      LeafMerger merger = new LeafMerger(fixture.space, MergeConfig.defaults());
      while (mergeAll(fixture, merger) > 0) {
        fixture.verified();
      }
      TreeVerifier after = fixture.verified();
      assertEquals(kept, after.keyCount());
      assertTrue(after.leafFillPercent() >= 85, "fill: " + after.leafFillPercent());
    }
  }

  /** Two leaves that fit one page; deletes merge only what is less than a quarter full. */
  private static List<Long> twoSparseLeaves(TreeFixture fixture) throws IOException {
    int count = 0;
    while (fixture.tree.height() == 1) {
      int i = count++ * 17 % 101;
      fixture.put(key(i), value(i));
    }
    for (int i = 1; i < 101; i += 3) {
      fixture.delete(key(i));
    }
    List<Long> leaves = new ArrayList<>();
    for (long page = 1; page < PAGES; page++) {
      if (page != fixture.tree.rootId() && fixture.space.isAllocated(page)) {
        leaves.add(page);
      }
    }
    assertEquals(2, leaves.size());
    return leaves;
  }

  private static void putAtRandom(TreeFixture fixture) throws IOException {
    Random random = new Random(1);
    int[] order = new int[RECORDS];
    for (int i = 0; i < RECORDS; i++) {
      int at = random.nextInt(i + 1);
      order[i] = order[at];
      order[at] = i;
    }
    for (int i : order) {
      fixture.put(key(i), value(i));
    }
  }

  private static void assertSameContent(TreeFixture fixture) throws IOException {
    for (int i = 0; i < RECORDS; i++) {
      assertArrayEquals(value(i), fixture.get(key(i)));
    }
    assertEquals(RECORDS, fixture.verified().keyCount());
  }

  /** Writes and offers every page, in the order of their ids; returns how many were saved. */
  static long mergeAll(TreeFixture fixture, LeafMerger merger) throws IOException {
    fixture.pool.writeBackAll();
    long merges = 0;
    for (long page = 1; page < fixture.space.pageLimit(); page++) {
      merges += tryMerge(fixture.tree, merger, page) ? 1 : 0;
    }
    return merges;
  }

  static boolean tryMerge(BTree tree, LeafMerger merger, long page) throws IOException {
    if (!merger.isSparse(page) || !merger.isOf(tree)) {
      return false;
    }
    int steps = merger.choose(tree);
    return steps > 0 && merger.merge(tree, steps);
  }

  private static byte[] key(int i) {
    return TreeFixture.bytes(i);
  }

  private static byte[] value(int i) {
    byte[] value = new byte[60];
    System.arraycopy(TreeFixture.bytes(i), 0, value, 0, 8);
    return value;
  }
}
