// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index.internal;

import dev.basalt.bufferpool.BufferPool;
import dev.basalt.index.ContentionConfig;
import dev.basalt.index.SpaceExhaustedException;
import dev.basalt.index.TreeContention;
import java.io.IOException;
import java.util.concurrent.atomic.LongAdder;

/**
 * Splits of leaves between two records that different writers want at the same time, after
 * LeanStore (Alhomssi and Leis, "Contention and Space Management in B-Trees", CIDR 2021).
 *
 * <p>A sample of the updates is looked at, chosen by a hash of the LSN: no counter, no clock and no
 * chance, so that a simulation replays. Updates of one record never split a leaf, nor does a leaf
 * of one record have two.
 *
 * <p><b>Concurrency.</b> All methods may be called by any thread, each with its own working memory.
 * An update that is not sampled writes nothing here.
 */
final class ContentionSplit {
  private static final long GOLDEN_RATIO = 0x9E3779B97F4A7C15L;
  private static final int HASH_BITS = 31;

  private final TreeCore core;
  private final BufferPool pool;
  private final TreeStructure structure;
  private final int pageBytes;

  /** Hashes below this are sampled. */
  private final long sampledBelow;

  private final ContendedLeaves leaves;
  private final LongAdder sampled = new LongAdder();
  private final LongAdder contended = new LongAdder();
  private final LongAdder splits = new LongAdder();

  ContentionSplit(TreeCore core, TreeStructure structure, ContentionConfig config) {
    this.core = core;
    this.structure = structure;
    pool = core.pool;
    pageBytes = core.pageBytes;
    int interval = config.sampleInterval();
    sampledBelow = interval == 0 ? 0 : (1L << HASH_BITS) / interval;
    int periodSamples = Math.max(1, config.periodUpdates() / Math.max(1, interval));
    leaves = new ContendedLeaves(periodSamples, config.thresholdPercent());
  }

  /** Tells whether the update with an LSN is looked at. */
  boolean isSampled(long lsn) {
    return lsn * GOLDEN_RATIO >>> Long.SIZE - HASH_BITS < sampledBelow;
  }

  /**
   * Notes a sampled update of the leaf that the caller has latched.
   *
   * @param slot the record's, there or to be
   * @return true when it is to be {@link #split} once it is unlatched and the record is there
   */
  boolean note(TreeWork work, int slot, long key, int keyLength) {
    sampled.increment();
    if (work.isContended) {
      contended.increment();
    }
    work.isSampled = false;
    return leaves.note(work, slot, hash(key, keyLength), pool.address(work.page));
  }

  /** Splits the leaf of a key between it and the rival of {@code work}, if both are still there. */
  void split(TreeWork work, long key, int keyLength) {
    try {
      trySplit(work, key, keyLength);
    } catch (SpaceExhaustedException _) {
      // The leaf is as it was, and does not need this split; nor may the put, which is done, fail.
    } catch (IOException e) {
      core.noteLeftOut(e);
    }
  }

  private void trySplit(TreeWork work, long key, int keyLength) throws IOException {
    boolean isParentFull = false;
    for (int restarts = 0; ; restarts++) {
      if (isParentFull) {
        int needed = Node.SLOT_BYTES + 2 + work.separatorLength + Node.CHILD_BYTES;
        structure.makeRoom(work, key, keyLength, 1, needed);
        isParentFull = false;
      }
      boolean isLatched = restarts >= TreeCore.RESTARTS_MAX;
      if (!isLatched && !core.tryDescend(work, key, keyLength, 0)) {
        continue;
      }
      StructureStep step = work.step;
      step.begin(pool, core.log);
      try {
        if (!structure.tryLatch(work, step, key, keyLength, 0, isLatched)) {
          continue;
        }
        int first = firstBetween(work, key, keyLength);
        if (first == 0) {
          return;
        }
        long leaf = work.page;
        structure.separateAt(work, pool.address(leaf), first);
        isParentFull = !tryDivide(work, step, first);
        if (!isParentFull) {
          splits.increment();
          leaves.noteSplit(leaf, leaf == core.rootId ? work.extents.page(0) : leaf);
          return;
        }
      } finally {
        step.end();
      }
    }
  }

  private boolean tryDivide(TreeWork work, StructureStep step, int first) throws IOException {
    if (work.parent < 0) {
      structure.splitRoot(work, step, first, true);
      return true;
    }
    return structure.trySplit(work, step, first, true);
  }

  /** Returns the first slot of the right half, as near to the middle as may be; 0 for none. */
  private int firstBetween(TreeWork work, long key, int keyLength) {
    long leaf = pool.address(work.page);
    int rival = work.rivalSlot;
    if (Node.level(leaf) > 0 || rival >= Node.storedCount(leaf)) {
      return 0;
    }
    int slot = NodeSearch.find(leaf, pageBytes, key, keyLength);
    int rivalLength = NodeEdit.copyKey(leaf, pageBytes, rival, work.otherKey);
    boolean isThere = hash(work.otherKey, rivalLength) == work.rivalHash;
    if (slot < 0 || slot == rival || !isThere) {
      return 0;
    }
    int low = Math.min(slot, rival);
    int high = Math.max(slot, rival);
    return Math.clamp(NodeFit.middle(leaf, pageBytes), low + 1, high);
  }

  /** Tells whether a leaf was split here a short time ago, so that it should not be merged. */
  boolean sparesFromMerge(long pageId) {
    return leaves.sparesFromMerge(pageId);
  }

  TreeContention statistics() {
    return new TreeContention(sampled.sum(), contended.sum(), splits.sum(), leaves.list());
  }

  private static long hash(long key, int length) {
    long hash = length;
    int offset = 0;
    for (; offset + Long.BYTES <= length; offset += Long.BYTES) {
      hash = (hash ^ IndexMemory.getLong(key + offset)) * GOLDEN_RATIO;
      hash ^= hash >>> 29;
    }
    long rest = IndexMemory.getLong(key + offset);
    int restBits = (length - offset) * Byte.SIZE;
    rest = restBits == 0 ? 0 : rest & -1L >>> Long.SIZE - restBits;
    hash = (hash ^ rest) * GOLDEN_RATIO;
    return hash ^ hash >>> 29;
  }
}
