// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index.internal;

import dev.basalt.bufferpool.BufferPool;
import dev.basalt.index.ValueBuffer;
import java.io.IOException;

/**
 * A get that does not read from the device: where a page is not in memory it says which one, so
 * that the pages of many gets can be read together.
 *
 * <p><b>Concurrency.</b> All methods may be called by any thread, each with its own working memory.
 */
public final class TreeProbe {
  /** Result of {@link #get}: the value was copied. */
  public static final long FOUND = -1;

  /** Result of {@link #get}: the key is not there. */
  public static final long ABSENT = -2;

  /** Result of {@link #get}: others are in the way, or the tree is damaged: get it as usual. */
  public static final long UNKNOWN = -3;

  private TreeProbe() {}

  /**
   * Reads a value if that needs no page from the device.
   *
   * @param core the tree
   * @param work working memory
   * @param key absolute address of the key
   * @param keyLength its length
   * @param out takes the value or the reference to it
   * @return the page that is not in memory, or {@link #FOUND}, {@link #ABSENT} or {@link #UNKNOWN}
   * @throws IOException when a page cannot be read
   */
  public static long get(TreeCore core, TreeWork work, long key, int keyLength, ValueBuffer out)
      throws IOException {
    long result = UNKNOWN;
    for (int i = 0; i < TreeCore.RESTARTS_MAX && result == UNKNOWN; i++) {
      result = tryGet(core, work, key, keyLength, out);
    }
    return result;
  }

  private static long tryGet(TreeCore core, TreeWork work, long key, int keyLength, ValueBuffer out)
      throws IOException {
    BufferPool pool = core.pool;
    long page = core.rootId;
    if (!pool.isResident(page)) {
      return page;
    }
    long token = pool.optimistic(page);
    for (int depth = 0; depth < TreeCore.LEVELS_MAX; depth++) {
      long node = pool.address(page);
      if (Node.level(node) == 0) {
        boolean isFound = core.copyValue(node, key, keyLength, out);
        if (!Node.isNode(node) || !pool.validate(page, token)) {
          return UNKNOWN;
        }
        return isFound ? FOUND : ABSENT;
      }
      int position = NodeSearch.childPosition(node, core.pageBytes, key, keyLength);
      long child = Node.child(node, core.pageBytes, position);
      if (!pool.validate(page, token) || child <= 0 || child >= core.allocator.limit()) {
        return UNKNOWN;
      }
      if (!pool.isResident(child)) {
        return child;
      }
      long childToken = core.childToken(page, token, child);
      work.touched = NodeSearch.touch(pool.address(child));
      if (childToken == TreeCore.NO_TOKEN || !pool.validate(page, token)) {
        return UNKNOWN;
      }
      page = child;
      token = childToken;
    }
    return UNKNOWN;
  }
}
