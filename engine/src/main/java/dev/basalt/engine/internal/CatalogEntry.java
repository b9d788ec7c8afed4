// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import dev.basalt.index.SearchKey;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * The layout of the catalog: under a table's id, as 8 bytes big-endian, where it is and what it is
 * called (little-endian).
 *
 * <pre>
 *  0              8              16
 * +--------------+--------------+----------------
 * | root page id | run LSN      | name in UTF-8
 * +--------------+--------------+----------------
 * </pre>
 *
 * <p>Commits name the table by its id. The run is the one in which the root was allocated; the
 * catalog's commit publishes it.
 */
final class CatalogEntry {
  static final int KEY_BYTES = 8;
  static final int NAME_OFFSET = 16;

  private static final int ROOT_OFFSET = 0;
  private static final int RUN_LSN_OFFSET = 8;

  private static final ValueLayout.OfLong BIG_ENDIAN =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfLong LITTLE_ENDIAN =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private CatalogEntry() {}

  static byte[] key(long tableId) {
    byte[] key = new byte[KEY_BYTES];
    MemorySegment.ofArray(key).set(BIG_ENDIAN, 0, tableId);
    return key;
  }

  static long tableId(long keyAddress) {
    return Long.reverseBytes(EngineMemory.getLong(keyAddress));
  }

  static byte[] value(long rootId, long runLsn, byte[] name) {
    byte[] value = new byte[NAME_OFFSET + name.length];
    MemorySegment segment = MemorySegment.ofArray(value);
    segment.set(LITTLE_ENDIAN, ROOT_OFFSET, rootId);
    segment.set(LITTLE_ENDIAN, RUN_LSN_OFFSET, runLsn);
    System.arraycopy(name, 0, value, NAME_OFFSET, name.length);
    return value;
  }

  static long rootId(long valueAddress) {
    return EngineMemory.getLong(valueAddress + ROOT_OFFSET);
  }

  static long runLsn(long valueAddress) {
    return EngineMemory.getLong(valueAddress + RUN_LSN_OFFSET);
  }

  static String name(long valueAddress, int valueBytes) {
    byte[] name = EngineMemory.bytes(valueAddress + NAME_OFFSET, valueBytes - NAME_OFFSET);
    return new String(name, StandardCharsets.UTF_8);
  }

  /** Tells whether key and value can be an entry. */
  static boolean isPlausible(int keyBytes, int valueBytes) {
    return keyBytes == KEY_BYTES
        && valueBytes > NAME_OFFSET
        && valueBytes <= NAME_OFFSET + SearchKey.LENGTH_BYTES_MAX;
  }
}
