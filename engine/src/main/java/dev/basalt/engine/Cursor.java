// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import dev.basalt.engine.internal.EngineCursor;
import java.lang.foreign.MemorySegment;

/**
 * A position in the entries of a table, moving both ways.
 *
 * <p>A new cursor stands at no entry: {@link #next} goes to the first one of its range, {@link
 * #previous} to the last one. Past either end it stands at no entry again, and the other direction
 * comes back in. Others may write meanwhile: each entry seen was there at some time since the
 * cursor was opened, in order, none twice in one direction, and no entry that stays untouched is
 * missed.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time.
 */
public final class Cursor implements AutoCloseable {
  private final EngineCursor cursor;

  Cursor(EngineCursor cursor) {
    this.cursor = cursor;
  }

  /**
   * Moves to the next entry in key order.
   *
   * @return false when there is none in the range
   * @throws StoreClosedException when the cursor or the store was closed
   */
  public boolean next() {
    return cursor.next();
  }

  /**
   * Moves to the previous entry in key order.
   *
   * @return false when there is none in the range
   * @throws StoreClosedException when the cursor or the store was closed
   */
  public boolean previous() {
    return cursor.previous();
  }

  /**
   * Moves so that {@link #next} goes to the first entry at or above a key and {@link #previous} to
   * the last one below it.
   *
   * @param key where to go; outside the range means its nearer end
   */
  public void seek(byte[] key) {
    cursor.seek(key);
  }

  /**
   * Returns the key of the entry.
   *
   * @return a copy
   * @throws IllegalStateException when the cursor stands at no entry
   */
  public byte[] key() {
    return cursor.key();
  }

  /**
   * Returns the value of the entry.
   *
   * @return a copy
   * @throws IllegalStateException when the cursor stands at no entry
   */
  public byte[] value() {
    return cursor.value();
  }

  /**
   * Copies the key of the entry.
   *
   * @param target takes the first bytes as far as it reaches
   * @return the length of the key in bytes
   * @throws IllegalStateException when the cursor stands at no entry
   */
  public long key(MemorySegment target) {
    return cursor.key(target);
  }

  /**
   * Copies the value of the entry.
   *
   * @param target takes the first bytes as far as it reaches
   * @return the length of the value in bytes
   * @throws IllegalStateException when the cursor stands at no entry
   */
  public long value(MemorySegment target) {
    return cursor.value(target);
  }

  /**
   * Moves over the next entries and copies them, as many as the batch takes. The cursor stands
   * behind the last one then, at no entry: {@link #previous} would come back to that one.
   *
   * @param batch takes the entries, in key order; what it held before is gone
   * @return how many, 0 when there is none in the range
   * @throws StoreClosedException when the cursor or the store was closed
   * @throws StoreException when a page cannot be read or is damaged. The batch holds the entries
   *     before it, the cursor stands behind them, and the same call tries that page again
   * @throws IllegalStateException when another thread is filling the batch
   */
  public int next(RecordBatch batch) {
    return cursor.fill(batch.buffer(), true);
  }

  /**
   * Moves over the previous entries and copies them, as many as the batch takes. The cursor stands
   * below the last one then, at no entry: {@link #next} would come back to that one.
   *
   * @param batch takes the entries, in descending key order; what it held before is gone
   * @return how many, 0 when there is none in the range
   * @throws StoreClosedException when the cursor or the store was closed
   * @throws StoreException when a page cannot be read or is damaged. The batch holds the entries
   *     before it, the cursor stands behind them, and the same call tries that page again
   * @throws IllegalStateException when another thread is filling the batch
   */
  public int previous(RecordBatch batch) {
    return cursor.fill(batch.buffer(), false);
  }

  /** Releases the cursor. Idempotent. */
  @Override
  public void close() {
    cursor.close();
  }
}
