// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

/**
 * The most an operation can take of log and pages, asked for before it is logged.
 *
 * <p>A put or delete may give each level of the tree a split or a merge, with the images of two
 * pages per level, three for the root; a change of an overflow value, or of the space map, adds
 * images of maps. Every further change of a batch may give its leaf and its parent one, and inner
 * nodes above in proportion.
 *
 * <p>What batches append is about a fifth of that, with random keys over a large tree right after a
 * checkpoint (measured by {@code CommitBoundsIT}). Still no page is counted once for all changes
 * that share it, maps least of all: a checkpoint may begin between any two changes of a batch, also
 * one that a caller asks for, and moves the image horizon; every page that is touched afterwards
 * needs another image.
 */
final class CommitBounds {
  /** What stands before an image in a record, and small deltas beside it. */
  private static final int IMAGE_OVERHEAD_BYTES = 256;

  private static final int PAGES_OF_ROOT = 4;
  private static final int IMAGES_PER_LEVEL = 2;
  private static final int IMAGES_PER_FURTHER_CHANGE = 4;
  private static final int MAPS_PER_CHANGE_MAX = 11;
  private static final int IMAGES_PER_MAP = 3;

  /** Of a step before the last one of a merge: a leaf that it fills, another and their parent. */
  private static final int IMAGES_PER_MOVE = 3;

  private final int pageBytes;

  CommitBounds(int pageBytes) {
    this.pageBytes = pageBytes;
  }

  /** Bytes of log for the structure changes of a commit, the commit record not counted. */
  long logBytes(int height, int changes, long pageLimit) {
    long images =
        PAGES_OF_ROOT
            + (long) IMAGES_PER_LEVEL * (height + 1)
            + (long) IMAGES_PER_FURTHER_CHANGE * (changes - 1)
            + (changes + 1) * maps(pageLimit);
    return images * (pageBytes + IMAGE_OVERHEAD_BYTES);
  }

  /** Bytes of log for a merge of leaves; its last step is like a delete's. */
  long mergeLogBytes(int height, int steps, long pageLimit) {
    long images = (long) IMAGES_PER_MOVE * (steps - 1);
    return logBytes(height, 1, pageLimit) + images * (pageBytes + IMAGE_OVERHEAD_BYTES);
  }

  /**
   * Pages for the splits of a commit; deletes take none. With long keys more than two splits of a
   * level can come together: what that takes is held back by the allocator.
   */
  long pages(int height, int puts) {
    return puts == 0 ? 0 : 2L * height + 4 + 2L * (puts - 1);
  }

  /** Bytes of log to allocate or free a run, for which a map and page 0 twice may be new each. */
  long runLogBytes(long pageLimit) {
    return (IMAGES_PER_MAP * maps(pageLimit) + 1) * (pageBytes + IMAGE_OVERHEAD_BYTES);
  }

  private long maps(long pageLimit) {
    long pagesPerMapMin = 4L * pageBytes; // a map has room for more than half its bits
    return Math.min(MAPS_PER_CHANGE_MAX, pageLimit / pagesPerMapMin + 2);
  }
}
