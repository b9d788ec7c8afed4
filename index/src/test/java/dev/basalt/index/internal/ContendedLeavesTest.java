// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.index.TreeContention.ContendedLeaf;
import dev.basalt.index.internal.NodeEdit.Fences;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

/** The policy alone: which updates lead to a split, and between which slots. */
class ContendedLeavesTest {
  private static final int PAGE = 4096;
  private static final int PERIOD = 10;
  private static final int PERCENT = 20;

  private final ContendedLeaves leaves = new ContendedLeaves(PERIOD, PERCENT);
  private final TreeWork work = new TreeWork(PAGE);
  private final long leaf = Arena.ofAuto().allocate(2 * PAGE, PAGE).address();

  ContendedLeavesTest() {
    Fences fences = new Fences(work.separator, 3, work.separator, Node.NO_FENCE);
    IndexMemory.putLong(work.separator, 0x030201);
    NodeEdit.initialize(leaf, PAGE, 0, 0, fences);
  }

  @Test
  void shouldSplitBetweenTheLastTwoContendedSlotsAtTheEndOfAPeriod() {
    for (int i = 0; i < PERIOD - 1; i++) {
      assertFalse(update(5, i % 2, true), "update " + i);
    }
    assertTrue(update(5, 7, true));
    assertEquals(0, work.rivalSlot);
    assertEquals(hash(0), work.rivalHash);
    assertFalse(update(5, 3, true), "a new period has begun");
  }

  @Test
  void shouldNeverSplitForOneSlot() {
    for (int i = 0; i < 20 * PERIOD; i++) {
      assertFalse(update(5, 4, true));
    }
    assertEquals(20 * PERIOD, leaves.list().getFirst().contendedUpdates());
  }

  @Test
  void shouldNotSplitForOneKeyThatWasMovedToAnotherSlot() {
    for (int i = 0; i < 3 * PERIOD; i++) {
      moveTo(5);
      work.isContended = true;
      assertFalse(leaves.note(work, i % 2, hash(4), leaf));
    }
  }

  @Test
  void shouldNotSplitBelowTheThreshold() {
    for (int i = 0; i < 20 * PERIOD; i++) {
      assertFalse(update(5, i, i % PERIOD == PERIOD - 1), "a tenth, needed: a fifth");
    }
    int splits = 0;
    for (int i = 0; i < 20 * PERIOD; i++) {
      splits += update(5, i, i % 3 == 0) ? 1 : 0;
    }
    assertTrue(splits > 0, "a third is enough");
  }

  @Test
  void shouldIgnoreUpdatesOfLeavesWithoutContention() {
    assertFalse(update(5, 1, false));
    assertTrue(leaves.list().isEmpty());
    assertFalse(update(5, 1, true));
    assertFalse(update(6, 1, false));
    assertEquals(1, leaves.list().size());
  }

  @Test
  void shouldKeepTheLeafThatIsContendedMore() {
    for (int i = 0; i < 4; i++) {
      update(5, 1, true);
    }
    long other = 5 + ContendedLeaves.PLACES;
    update(other, 1, true);
    assertEquals(5, leaves.list().getFirst().pageId());
    for (int i = 0; i < 4; i++) {
      update(other, 1, true);
    }
    ContendedLeaf kept = leaves.list().getFirst();
    assertEquals(other, kept.pageId());
    assertEquals(1, kept.contendedUpdates());
    assertArrayEquals(new byte[] {1, 2, 3}, kept.lowerFence());
  }

  @Test
  void shouldListTheMostContendedLeafFirst() {
    update(5, 1, true);
    update(6, 1, true);
    update(6, 1, true);
    leaves.noteSplit(6, 6);
    assertEquals(6, leaves.list().getFirst().pageId());
    assertEquals(1, leaves.list().getFirst().splits());
    assertEquals(5, leaves.list().getLast().pageId());
  }

  @Test
  void shouldSpareALeafFromMergesForAWhileAfterItsSplit() {
    update(5, 1, true);
    assertFalse(leaves.sparesFromMerge(5));
    leaves.noteSplit(5, 5);
    for (int i = 0; i < ContendedLeaves.SPARED_MERGES - 1; i++) {
      assertTrue(leaves.sparesFromMerge(5));
    }
    update(5, 1, false); // still in use: spared anew
    for (int i = 0; i < ContendedLeaves.SPARED_MERGES; i++) {
      assertTrue(leaves.sparesFromMerge(5));
    }
    assertFalse(leaves.sparesFromMerge(5));
    assertFalse(leaves.sparesFromMerge(6));
  }

  @Test
  void shouldSpareTheLeftHalfOfARoot() {
    update(1, 1, true);
    leaves.noteSplit(1, 9);
    assertTrue(leaves.sparesFromMerge(9));
  }

  private boolean update(long pageId, int slot, boolean isContended) {
    moveTo(pageId);
    work.isContended = isContended;
    return leaves.note(work, slot, hash(slot), leaf);
  }

  private void moveTo(long pageId) {
    work.page = pageId;
  }

  private static long hash(int slot) {
    return 1000L + slot;
  }
}
