// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index.internal;

import dev.basalt.bufferpool.BufferPool;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The leaves that a scan will come to, asked for before it does. It begins with two when the scan
 * has moved to a leaf that was not in memory, and doubles each time half of what was asked for was
 * reached, up to what the device takes at once; so a scan that ends early has read about as much in
 * vain as it has used. Where the leaves are in memory it costs one look at a state word per leaf.
 *
 * <p>What comes next is what the parents say: a parent is copied under validation, and the place
 * kept is a key, the edge of what was asked for. Hints all: the tree may change meanwhile.
 *
 * <p><b>Concurrency.</b> Used by the thread of the scan. Its memory is freed with the object.
 */
final class ReadAhead {
  private static final int WINDOW_MIN = 2;

  /** A batch may need the end of one parent and the begin of the next one. */
  private static final int PARENTS_MAX = 2;

  private static final int NONE = -1;
  private static final int KEY_AREA_BYTES = 1024;

  private final TreeCore core;
  private final BufferPool pool;
  private final TreeWork work;
  private final int windowMax;
  private final long low;
  private final long high;
  private int lowLength = NONE;
  private int highLength = NONE;
  private boolean isHighInclusive;

  /** A parent's copy, and the edge behind it; from the first batch on. */
  private @Nullable MemorySegment memory;

  private long node;
  private long edge;
  private int edgeLength = NONE;
  private long[] ids = {};

  private boolean isUpwards;

  /** Leaves of the last batch; 0 while the leaves are in memory. */
  private int window;

  /** Leaves asked for that the scan has not come to. */
  private int ahead;

  /**
   * Creates the read-ahead of a scan.
   *
   * @param core the tree
   * @param work working memory of the scan, not in use while it calls
   * @param low absolute address of the low bound
   * @param high absolute address of the high bound
   */
  ReadAhead(TreeCore core, TreeWork work, long low, long high) {
    this.core = core;
    this.work = work;
    this.low = low;
    this.high = high;
    pool = core.pool;
    windowMax = pool.prefetchPagesMax();
  }

  /** Sets the length of the low bound, -1 for none. */
  void low(int length) {
    lowLength = length;
    restart();
  }

  /** Sets the length of the high bound, -1 for none, and whether it belongs to the range. */
  void high(int length, boolean isInclusive) {
    highLength = length;
    isHighInclusive = isInclusive;
    restart();
  }

  /** Forgets what was asked for: the scan is elsewhere. */
  void restart() {
    window = 0;
    ahead = 0;
    edgeLength = NONE;
  }

  /**
   * Says that the scan has moved to the next leaf.
   *
   * @param upwards whether to higher keys
   * @param wasMissing whether the leaf was not in memory, nor on its way there
   * @param leaf absolute address of its copy
   * @throws IOException when an inner node cannot be read
   */
  void moved(boolean upwards, boolean wasMissing, long leaf) throws IOException {
    if (upwards != isUpwards) {
      restart();
      isUpwards = upwards;
    }
    if (ahead > 0) {
      ahead--;
    } else if (wasMissing) {
      setEdge(leaf);
    } else {
      window = 0;
      return;
    }
    if (ahead <= window / 2 && edgeLength != NONE) {
      request();
    }
  }

  private void request() throws IOException {
    window = Math.min(windowMax, Math.max(WINDOW_MIN, 2 * window));
    int found = 0;
    for (int i = 0; i < PARENTS_MAX && found < window && edgeLength != NONE; i++) {
      found = collect(found);
    }
    ahead += found;
    if (pool.prefetch(ids, found) == 0) {
      restart(); // until the scan misses one again
    }
  }

  /** Adds the children beyond the edge to those found; returns how many that are then. */
  private int collect(int found) throws IOException {
    work.mode = isUpwards ? TreeWork.AT : TreeWork.BELOW;
    if (!core.tryDescend(work, edge, edgeLength, 1)) {
      return found;
    }
    IndexMemory.copy(pool.address(work.page), node, core.pageBytes);
    if (!pool.validate(work.page, work.token)) {
      return found;
    }
    if (Node.level(node) != 1) {
      edgeLength = NONE; // the root is a leaf now
      return found;
    }
    return isUpwards ? collectUpwards(found) : collectDownwards(found);
  }

  private int collectUpwards(int found) {
    int pageBytes = core.pageBytes;
    int count = Node.count(node, pageBytes);
    int last = count;
    if (highLength >= 0) {
      last =
          isHighInclusive
              ? NodeSearch.childPosition(node, pageBytes, high, highLength)
              : NodeSearch.childPositionBelow(node, pageBytes, high, highLength);
    }
    int position = NodeSearch.childPosition(node, pageBytes, edge, edgeLength);
    int total = found;
    while (position <= last && total < window) {
      ids[total++] = Node.child(node, pageBytes, position++);
    }
    if (position <= last) {
      edgeLength = NodeEdit.copyKey(node, pageBytes, position - 1, edge);
    } else if (last == count) {
      setEdge(node);
    } else {
      edgeLength = NONE; // the bound
    }
    return total;
  }

  private int collectDownwards(int found) {
    int pageBytes = core.pageBytes;
    int first = lowLength < 0 ? 0 : NodeSearch.childPosition(node, pageBytes, low, lowLength);
    int position = NodeSearch.childPositionBelow(node, pageBytes, edge, edgeLength);
    int total = found;
    while (position >= first && total < window) {
      ids[total++] = Node.child(node, pageBytes, position--);
    }
    if (position >= first) {
      edgeLength = NodeEdit.copyKey(node, pageBytes, position, edge);
    } else if (first == 0) {
      setEdge(node);
    } else {
      edgeLength = NONE; // the bound
    }
    return total;
  }

  /** Sets the edge to the fence of a node that the scan goes over. */
  private void setEdge(long of) {
    reserve();
    int pageBytes = core.pageBytes;
    int length = isUpwards ? Node.upperLength(of) : Node.lowerLength(of);
    boolean isEnd = isUpwards ? length == Node.NO_FENCE : length == 0;
    edgeLength = isEnd ? NONE : length;
    if (!isEnd) {
      long fence =
          isUpwards ? NodeEdit.upperAddress(of, pageBytes) : NodeEdit.lowerAddress(of, pageBytes);
      IndexMemory.copy(fence, edge, length);
    }
  }

  private void reserve() {
    if (memory == null) {
      int nodeBytes = core.pageBytes + 2 * KEY_AREA_BYTES;
      MemorySegment reserved = Arena.ofAuto().allocate(nodeBytes + KEY_AREA_BYTES, Long.BYTES);
      memory = reserved;
      node = reserved.address();
      edge = node + nodeBytes;
      ids = new long[windowMax];
    }
  }
}
