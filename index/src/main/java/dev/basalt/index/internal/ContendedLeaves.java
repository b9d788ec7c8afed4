// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index.internal;

import dev.basalt.index.TreeContention.ContendedLeaf;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is known of the leaves of a tree at which updates met other writers: a small table by page
 * id, made when that happens first. Two leaves that fall on the same place compete for it; the one
 * that is contended more often keeps it.
 *
 * <p><b>Concurrency.</b> All methods may be called by any thread. A place is guarded by its
 * monitor, held for some instructions; only sampled updates, and merges, come here.
 */
final class ContendedLeaves {
  static final int PLACES = 64;

  /** How many merges in a row a leaf is spared after a split, unless it is updated meanwhile. */
  static final int SPARED_MERGES = 16;

  private static final int CREDIT_MAX = 64;
  private static final int NO_SLOT = -1;

  private final int periodSamples;
  private final int thresholdPercent;
  private volatile Place @Nullable [] places;

  ContendedLeaves(int periodSamples, int thresholdPercent) {
    this.periodSamples = periodSamples;
    this.thresholdPercent = thresholdPercent;
  }

  /**
   * Notes a sampled update of the leaf that {@code work} is at, which is latched.
   *
   * @param slot the record's
   * @param keyHash hash of its key
   * @param leaf absolute address of the leaf
   * @return true when it should be split between the slot and {@code work.rivalSlot}
   */
  boolean note(TreeWork work, int slot, long keyHash, long leaf) {
    boolean isContended = work.isContended;
    Place[] present = isContended ? places() : places;
    if (present == null) {
      return false;
    }
    Place place = present[index(work.page)];
    synchronized (place) {
      boolean isThere = place.pageId == work.page || isContended && tryTake(place, work.page);
      if (!isThere) {
        return false;
      }
      if (place.lowerFence == null) {
        place.lowerFence = lowerFence(leaf, work.pageBytes());
      }
      boolean isSplit = place.note(slot, keyHash, isContended, periodSamples, thresholdPercent);
      work.rivalSlot = place.rivalSlot;
      work.rivalHash = place.rivalHash;
      return isSplit;
    }
  }

  /** Notes that a leaf was split; its left half is spared from merges for a while. */
  void noteSplit(long pageId, long leftId) {
    Place place = places()[index(pageId)];
    synchronized (place) {
      if (place.pageId == pageId) {
        place.splits++;
      }
    }
    Place left = places()[index(leftId)];
    synchronized (left) {
      if (left.pageId == leftId || tryTake(left, leftId)) {
        left.sparedMerges = SPARED_MERGES;
      }
    }
  }

  /** Tells whether a leaf was split a short time ago; a merge that asks too often is let go. */
  boolean sparesFromMerge(long pageId) {
    Place[] present = places;
    if (present == null) {
      return false;
    }
    Place place = present[index(pageId)];
    synchronized (place) {
      boolean isSpared = place.pageId == pageId && place.sparedMerges > 0;
      place.sparedMerges -= isSpared ? 1 : 0;
      return isSpared;
    }
  }

  /** Returns the leaves, the most contended first. */
  List<ContendedLeaf> list() {
    List<ContendedLeaf> leaves = new ArrayList<>();
    Place[] present = places;
    for (int i = 0; present != null && i < PLACES; i++) {
      Place place = present[i];
      synchronized (place) {
        byte[] fence = place.lowerFence;
        if (fence != null) {
          leaves.add(
              new ContendedLeaf(place.pageId, place.contendedInAll, place.splits, fence.clone()));
        }
      }
    }
    leaves.sort(
        Comparator.comparingLong(ContendedLeaf::contendedUpdates)
            .reversed()
            .thenComparingLong(ContendedLeaf::pageId));
    return leaves;
  }

  /** Gives a place to another leaf, unless the present one is contended more often. */
  private static boolean tryTake(Place place, long pageId) {
    if (place.credit > 0) {
      place.credit--;
      return false;
    }
    place.pageId = pageId;
    place.samples = 0;
    place.contended = 0;
    place.contendedInAll = 0;
    place.splits = 0;
    place.sparedMerges = 0;
    place.lastSlot = NO_SLOT;
    place.lowerFence = null;
    return true;
  }

  private static byte[] lowerFence(long leaf, int pageBytes) {
    byte[] fence = new byte[Node.lowerLength(leaf)];
    long address = NodeEdit.lowerAddress(leaf, pageBytes);
    IndexMemory.copyOut(address, MemorySegment.ofArray(fence), 0, fence.length);
    return fence;
  }

  private static int index(long pageId) {
    return (int) (pageId & PLACES - 1);
  }

  private synchronized Place[] places() {
    Place[] present = places;
    if (present == null) {
      present = new Place[PLACES];
      for (int i = 0; i < PLACES; i++) {
        present[i] = new Place();
      }
      places = present;
    }
    return present;
  }

  /** One leaf; guarded by its monitor. Page 0 is a map, so 0 is no leaf. */
  private static final class Place {
    long pageId;

    /** Updates of this period that were sampled, and those of them that met a writer. */
    int samples;

    int contended;
    long contendedInAll;
    long splits;

    /** How often another leaf asks for this place before it gets it. */
    int credit;

    int sparedMerges;

    /** The last update that met a writer, and the one before. */
    int lastSlot = NO_SLOT;

    long lastHash;
    int rivalSlot = NO_SLOT;
    long rivalHash;
    byte @Nullable [] lowerFence;

    /** Notes an update; returns whether a period ends with it, and with the wish to split. */
    boolean note(int slot, long hash, boolean isContended, int periodSamples, int percent) {
      sparedMerges = splits > 0 ? SPARED_MERGES : sparedMerges;
      samples++;
      if (!isContended) {
        if (samples >= 2L * periodSamples) {
          endPeriod(percent); // too few contended ones
        }
        return false;
      }
      contended++;
      contendedInAll++;
      credit = Math.min(credit + 1, CREDIT_MAX);
      rivalSlot = lastSlot;
      rivalHash = lastHash;
      lastSlot = slot;
      lastHash = hash;
      boolean isOther = rivalSlot != NO_SLOT && rivalSlot != slot && rivalHash != hash;
      return samples >= periodSamples && endPeriod(percent) && isOther;
    }

    /** Begins a period anew; returns whether enough updates of the one before met a writer. */
    private boolean endPeriod(int percent) {
      boolean isReached = 100L * contended >= (long) percent * samples;
      samples = 0;
      contended = 0;
      return isReached;
    }
  }
}
