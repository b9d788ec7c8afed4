// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The working memory of tree operations: a place in the tree, scratch pages, a structure step.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time. Its memory is freed with the object.
 */
public final class TreeWork {
  private static final int KEY_AREA_BYTES = 2048;

  /** Descend to the leaf that covers the key. */
  static final int AT = 0;

  /** Descend to the leaf that covers the keys just below the key. */
  static final int BELOW = 1;

  /** Descend to the last leaf. */
  static final int LAST = 2;

  final long scratch;
  final long separator;
  final long otherKey;
  final StructureStep step;
  final PageExtents extents = new PageExtents();

  int separatorLength;

  /** Where a descent goes; anything but {@link #AT} for scans only. */
  int mode;

  /** The page that was descended to, its token, its parent (-1: none) and place there. */
  long page;

  long token;
  long parent;
  long parentToken;
  int position;

  /** Whether the update is looked at, and whether it met another writer at its leaf. */
  boolean isSampled;

  boolean isContended;

  /** The record of the leaf that another writer wants: its slot and the hash of its key. */
  int rivalSlot;

  long rivalHash;

  private final int pageBytes;
  private final MemorySegment memory;

  /** Where {@link NodeSearch#touch} leaves its result; never read. */
  long touched;

  /**
   * Allocates working memory.
   *
   * @param pageBytes the page size
   */
  public TreeWork(int pageBytes) {
    this.pageBytes = pageBytes;
    int scratchBytes = pageBytes + IndexMemory.SLACK_BYTES;
    memory = Arena.ofAuto().allocate(scratchBytes + 2L * KEY_AREA_BYTES, 8);
    scratch = memory.address();
    separator = scratch + scratchBytes;
    otherKey = separator + KEY_AREA_BYTES;
    step = new StructureStep(pageBytes, scratch);
  }

  /**
   * Returns the page size this was made for.
   *
   * @return bytes
   */
  public int pageBytes() {
    return pageBytes;
  }
}
