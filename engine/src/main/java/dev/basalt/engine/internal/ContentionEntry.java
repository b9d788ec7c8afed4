// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import dev.basalt.engine.SavedContention;
import dev.basalt.engine.SavedContention.Leaf;
import dev.basalt.index.TreeContention;
import dev.basalt.index.TreeContention.ContendedLeaf;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongFunction;

/**
 * The layout of an entry of the catalog that is no table: under the key of one zero byte, the
 * leaves that were contended in the last life that had such ones, the most contended first, each
 * (little-endian):
 *
 * <pre>
 *  0          8          16           24       32             34
 * +----------+----------+------------+--------+--------------+--------------
 * | table id | page id  | contended  | splits | fence length | lower fence, up to 32 bytes
 * +----------+----------+------------+--------+--------------+--------------
 * </pre>
 */
final class ContentionEntry {
  private static final int HEADER_BYTES = 34;
  private static final int FENCE_BYTES_MAX = 32;
  private static final byte[] KEY = {0};

  private record Found(long tableId, ContendedLeaf leaf) {}

  private ContentionEntry() {}

  static byte[] key() {
    return KEY.clone();
  }

  /** Returns the value; empty when no update was contended. */
  static byte[] value(Collection<TableTree> tables) {
    List<Found> found = new ArrayList<>();
    for (TableTree table : tables) {
      TreeContention contention = table.tree().contention();
      contention.leaves().forEach(leaf -> found.add(new Found(table.id(), leaf)));
    }
    found.sort(
        Comparator.<Found>comparingLong(entry -> entry.leaf.contendedUpdates())
            .reversed()
            .thenComparingLong(entry -> entry.leaf.pageId()));
    byte[] value = new byte[SavedContention.LEAVES_MAX * (HEADER_BYTES + FENCE_BYTES_MAX)];
    ByteBuffer buffer = ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < Math.min(found.size(), SavedContention.LEAVES_MAX); i++) {
      ContendedLeaf leaf = found.get(i).leaf;
      int fenceBytes = Math.min(leaf.lowerFence().length, FENCE_BYTES_MAX);
      buffer.putLong(found.get(i).tableId).putLong(leaf.pageId());
      buffer.putLong(leaf.contendedUpdates()).putLong(leaf.splits());
      buffer.putShort((short) fenceBytes).put(leaf.lowerFence(), 0, fenceBytes);
    }
    return Arrays.copyOf(value, buffer.position());
  }

  /** Reads a value as {@link #value} makes it; what cannot be one ends the list. */
  static SavedContention read(byte[] value, LongFunction<String> tableName) {
    List<Leaf> leaves = new ArrayList<>();
    ByteBuffer buffer = ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN);
    while (buffer.remaining() >= HEADER_BYTES) {
      String table = tableName.apply(buffer.getLong());
      long pageId = buffer.getLong();
      long contended = buffer.getLong();
      long splits = buffer.getLong();
      byte[] fence = new byte[Math.clamp(buffer.getShort(), 0, buffer.remaining())];
      buffer.get(fence);
      leaves.add(new Leaf(table, pageId, contended, splits, fence));
    }
    return new SavedContention(leaves);
  }
}
