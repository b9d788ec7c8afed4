// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Puts and deletes, over any tables, that {@link Store#write} makes visible and durable together.
 *
 * <p>Later changes of the same key win. Keys and values are not copied: do not change them before
 * the write returned. Reusable after {@link #clear}.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time.
 */
public final class WriteBatch {
  private final List<String> tables = new ArrayList<>();
  private final List<byte[]> keys = new ArrayList<>();
  private final List<byte @Nullable []> values = new ArrayList<>();

  /** Creates an empty batch. */
  public WriteBatch() {}

  /**
   * Adds a put.
   *
   * @param table the name of the table, created when absent
   * @param key the key
   * @param value the value
   * @return this
   */
  public WriteBatch put(String table, byte[] key, byte[] value) {
    return add(table, key, value);
  }

  /**
   * Adds a delete; a key that is not there is no error.
   *
   * @param table the name of the table, created when absent
   * @param key the key
   * @return this
   */
  public WriteBatch delete(String table, byte[] key) {
    return add(table, key, null);
  }

  /**
   * Returns how many changes there are.
   *
   * @return the count
   */
  public int size() {
    return keys.size();
  }

  /** Removes all changes. */
  public void clear() {
    tables.clear();
    keys.clear();
    values.clear();
  }

  String table(int index) {
    return tables.get(index);
  }

  byte[] key(int index) {
    return keys.get(index);
  }

  /** Returns the value of a put, null for a delete. */
  byte @Nullable [] value(int index) {
    return values.get(index);
  }

  private WriteBatch add(String table, byte[] key, byte @Nullable [] value) {
    tables.add(table);
    keys.add(key);
    values.add(value);
    return this;
  }
}
