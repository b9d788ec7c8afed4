// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import dev.basalt.index.internal.TreeCore;
import dev.basalt.index.internal.TreeScan;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A position in a tree's entries, moving both ways inside optional bounds.
 *
 * <p>A new cursor, or one whose bounds were set, stands at no entry: {@link #next} goes to the
 * first one, {@link #previous} to the last one. Others may change the tree meanwhile: entries come
 * in order, each was there at some time since the cursor began, none that stays is missed. Moving
 * allocates nothing.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time. Its memory is freed with the object.
 */
public final class TreeCursor {
  private final TreeScan scan;

  TreeCursor(TreeCore core) {
    scan = new TreeScan(core);
  }

  /**
   * Sets the low bound and starts anew.
   *
   * @param key the bound, copied; null for none
   * @param isInclusive whether that key belongs to the range
   * @return this
   */
  public TreeCursor low(@Nullable SearchKey key, boolean isInclusive) {
    scan.low(key == null ? 0 : key.address(), key == null ? -1 : key.lengthBytes(), isInclusive);
    return this;
  }

  /**
   * Sets the high bound and starts anew.
   *
   * @param key the bound, copied; null for none
   * @param isInclusive whether that key belongs to the range
   * @return this
   */
  public TreeCursor high(@Nullable SearchKey key, boolean isInclusive) {
    scan.high(key == null ? 0 : key.address(), key == null ? -1 : key.lengthBytes(), isInclusive);
    return this;
  }

  /**
   * Moves so that {@link #next} goes to the first entry at or above a key and {@link #previous} to
   * the last one below it.
   *
   * @param key where to go; outside the bounds means the nearer one
   * @throws IOException when a page cannot be read or is damaged
   */
  public void seek(SearchKey key) throws IOException {
    scan.seek(key.address(), key.lengthBytes());
  }

  /**
   * Moves to the next entry.
   *
   * @return false when there is none in the range
   * @throws IOException when a page cannot be read or is damaged
   */
  public boolean next() throws IOException {
    return scan.next();
  }

  /**
   * Moves to the previous entry.
   *
   * @return false when there is none in the range
   * @throws IOException when a page cannot be read or is damaged
   */
  public boolean previous() throws IOException {
    return scan.previous();
  }

  /**
   * Copies the entry's key.
   *
   * @param out takes it
   * @throws IllegalStateException when the cursor stands at no entry
   */
  public void key(SearchKey out) {
    checkOnEntry();
    scan.copyKey(out.reserve(scan.keyLength()));
  }

  /**
   * Copies the entry's value, or the reference to it.
   *
   * @param out takes it
   * @throws IllegalStateException when the cursor stands at no entry
   */
  public void value(ValueBuffer out) {
    checkOnEntry();
    scan.copyValue(out);
  }

  /**
   * Moves over entries and copies them, until the buffer or the range is at its end, or an entry
   * comes whose value is in overflow pages: the cursor stands at that one then.
   *
   * @param out takes them, behind what it has
   * @param isUpwards whether to move to next entries or to previous ones
   * @return whether the cursor stands at an entry that is not copied; else it stands at none
   * @throws IOException when a page cannot be read or is damaged
   */
  public boolean fill(RecordBuffer out, boolean isUpwards) throws IOException {
    return scan.fill(out, isUpwards);
  }

  /**
   * Tells whether the scan is long: what it reads should not push out what others use.
   *
   * @return true once the cursor has come over some leaves
   */
  public boolean isLong() {
    return scan.isPassing();
  }

  /**
   * Takes the last move back, so that the same move comes to this entry again. The cursor stands at
   * no entry then.
   *
   * @param isUpwards whether it was {@link #next}
   * @throws IllegalStateException when the cursor stands at no entry
   */
  public void unread(boolean isUpwards) {
    checkOnEntry();
    scan.unread(isUpwards);
  }

  /**
   * Leaves the entry behind, so that the same move goes to the one after it, and the other move
   * comes back to it. The cursor stands at no entry then.
   *
   * @param isUpwards whether the last move was {@link #next}
   * @throws IllegalStateException when the cursor stands at no entry
   */
  public void pass(boolean isUpwards) {
    checkOnEntry();
    scan.pass(isUpwards);
  }

  private void checkOnEntry() {
    if (!scan.isOnEntry()) {
      throw new IllegalStateException("the cursor stands at no entry");
    }
  }
}
