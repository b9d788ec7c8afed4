// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import dev.basalt.engine.internal.Engine;
import dev.basalt.engine.internal.TableTree;
import dev.basalt.index.SearchKey;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An ordered map from keys to values, both byte strings; keys in unsigned lexicographic order.
 *
 * <p>All calls block until done, and a write until it is as durable as the store's {@link
 * Durability} says; virtual threads are welcome. Each call may throw the {@link StoreException}s:
 * {@link StoreClosedException} after close, {@link StoreFullException} when there is no space,
 * {@link StoreDamagedException} when a page read does not match its checksum, {@link
 * StorePoisonedException} when the store failed before.
 *
 * <p><b>Concurrency.</b> All methods may be called by any thread. Writers of the same key are
 * ordered the same way in the log and in the table.
 */
public final class Table {
  /** The longest key in bytes. */
  public static final int KEY_BYTES_MAX = SearchKey.LENGTH_BYTES_MAX;

  /** The longest value in bytes. */
  public static final int VALUE_BYTES_MAX = 1 << 30;

  private final Engine engine;
  private final TableTree tree;

  Table(Engine engine, TableTree tree) {
    this.engine = engine;
    this.tree = tree;
  }

  /**
   * Returns the name of the table.
   *
   * @return the name
   */
  public String name() {
    return tree.name();
  }

  /**
   * Returns the value of a key.
   *
   * @param key 0 to {@link #KEY_BYTES_MAX} bytes
   * @return a copy, or null when the key is not there
   */
  public byte @Nullable [] get(byte[] key) {
    return engine.get(tree, key);
  }

  /**
   * Copies the value of a key into the caller's memory, without allocation.
   *
   * @param key 0 to {@link #KEY_BYTES_MAX} bytes
   * @param target takes the first bytes of the value as far as it reaches
   * @return the length of the value in bytes, or -1 when the key is not there
   */
  public long get(MemorySegment key, MemorySegment target) {
    return engine.get(tree, key, target);
  }

  /**
   * Reads the values of many keys, each as {@link #get(byte[])} does; what is not in memory is read
   * from the device together.
   *
   * @param keys any number up to {@link GetBatch#COUNT_MAX}, each 0 to {@link #KEY_BYTES_MAX}
   *     bytes; a key may be there several times
   * @return a copy of each value, or null where a key is not there, in the order of the keys
   */
  public List<byte @Nullable []> getAll(List<byte[]> keys) {
    GetBatch batch = new GetBatch(Math.max(1, keys.size()));
    keys.forEach(batch::add);
    get(batch);
    List<byte @Nullable []> values = new ArrayList<>(keys.size());
    for (int i = 0; i < batch.count(); i++) {
      values.add(batch.valueBytes(i));
    }
    return values;
  }

  /**
   * Reads the values of the keys in a batch, each as {@link #get(MemorySegment, MemorySegment)}
   * does, without allocation; what is not in memory is read from the device together.
   *
   * @param batch takes the values
   * @return how many of the keys are there
   */
  public int get(GetBatch batch) {
    return engine.getTogether().read(tree, batch.buffer());
  }

  /**
   * Sets the value of a key.
   *
   * @param key 0 to {@link #KEY_BYTES_MAX} bytes
   * @param value 0 to {@link #VALUE_BYTES_MAX} bytes
   */
  public void put(byte[] key, byte[] value) {
    put(MemorySegment.ofArray(key), MemorySegment.ofArray(value));
  }

  /**
   * Sets the value of a key.
   *
   * @param key 0 to {@link #KEY_BYTES_MAX} bytes, read before the call returns
   * @param value 0 to {@link #VALUE_BYTES_MAX} bytes, read before the call returns
   */
  public void put(MemorySegment key, MemorySegment value) {
    checkValue(value.byteSize());
    engine.put(tree, key, value);
  }

  /**
   * Removes a key.
   *
   * @param key 0 to {@link #KEY_BYTES_MAX} bytes
   * @return false when it was not there
   */
  public boolean delete(byte[] key) {
    return delete(MemorySegment.ofArray(key));
  }

  /**
   * Removes a key.
   *
   * @param key 0 to {@link #KEY_BYTES_MAX} bytes
   * @return false when it was not there
   */
  public boolean delete(MemorySegment key) {
    return engine.delete(tree, key);
  }

  /**
   * Sets the value of a key that is not there.
   *
   * @param key 0 to {@link #KEY_BYTES_MAX} bytes
   * @param value 0 to {@link #VALUE_BYTES_MAX} bytes
   * @return false when the key was there; its value stays
   */
  public boolean putIfAbsent(byte[] key, byte[] value) {
    return compareAndSet(key, null, value);
  }

  /**
   * Sets the value of a key if it is what the caller expects.
   *
   * @param key 0 to {@link #KEY_BYTES_MAX} bytes
   * @param expected the value it must have, or null when the key must not be there
   * @param value 0 to {@link #VALUE_BYTES_MAX} bytes
   * @return false when it was not; nothing was changed then
   */
  public boolean compareAndSet(byte[] key, byte @Nullable [] expected, byte[] value) {
    checkValue(value.length);
    MemorySegment present = expected == null ? null : MemorySegment.ofArray(expected);
    return engine.compareAndSet(
        tree, MemorySegment.ofArray(key), present, MemorySegment.ofArray(value));
  }

  /**
   * Opens a cursor.
   *
   * @param range the keys to visit
   * @return a cursor at no entry, to be closed by the caller
   */
  public Cursor cursor(Range range) {
    return new Cursor(engine.cursor(tree, range));
  }

  /**
   * Fills an empty table from sorted input, much faster than by puts: its pages are built one after
   * the other, full, beside the table, and become its content in one step at the end. Until then
   * the table is empty; after a failure or a crash on the way it still is. Any amount of input
   * passes through little memory.
   *
   * <p>Others may read the table meanwhile. When others write to it, the load fails. Only a table
   * whose many entries were all deleted while others disturbed that may be loaded by batches; of
   * these a failure or a crash leaves the first, without a gap.
   *
   * @param source entries in strictly ascending key order; may use the store, but not write to the
   *     table. What it throws ends the load
   * @return how many entries were loaded
   * @throws IllegalStateException when the table is not empty, or was written to during the load
   * @throws IllegalArgumentException when a key is not above the one before it; the message names
   *     the entry and both keys
   */
  public long bulkLoad(SortedSource source) {
    return engine.bulkLoad(tree, source);
  }

  TableTree tree() {
    return tree;
  }

  static void checkValue(long lengthBytes) {
    if (lengthBytes > VALUE_BYTES_MAX) {
      throw new IllegalArgumentException(
          "value length is " + lengthBytes + " bytes, limit " + VALUE_BYTES_MAX);
    }
  }
}
