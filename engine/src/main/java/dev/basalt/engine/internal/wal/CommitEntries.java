// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

import static dev.basalt.engine.internal.wal.CommitEntryDescriptor.*;

/**
 * A reusable cursor over the puts and deletes of a commit. Every length is checked against the
 * record before it is used.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time.
 */
public final class CommitEntries {
  private long lsn;
  private long next;
  private long end;
  private int left;
  private long entry;

  /** Creates a cursor that stands nowhere. */
  public CommitEntries() {
    // Points at no record.
  }

  void reset(long recordLsn, long address, long bytes, int count) {
    lsn = recordLsn;
    next = address;
    end = address + bytes;
    left = count;
    entry = 0;
  }

  /**
   * Moves to the next entry.
   *
   * @return false when there is none
   * @throws LogDamagedException when the entry does not fit in its record or is of no known kind
   */
  public boolean next() throws LogDamagedException {
    if (left == 0) {
      check(end == next, "bytes follow the last entry");
      return false;
    }
    check(end - next >= KEY_OFFSET, "an entry exceeds its record");
    entry = next;
    check(valueBytes() >= 0, "a value exceeds its record");
    long bytes = RecordDescriptor.align((long) KEY_OFFSET + keyBytes() + valueBytes());
    check(end - next >= bytes, "an entry exceeds its record");
    check(kind() >= RecordType.PUT && kind() <= RecordType.PUT_OVERFLOW, "an entry's kind");
    next += bytes;
    left--;
    return true;
  }

  /**
   * Returns what is done to the key.
   *
   * @return {@link RecordType#PUT}, {@link RecordType#DELETE} or {@link RecordType#PUT_OVERFLOW}
   */
  public int kind() {
    return WalMemory.getByte(entry + KIND_OFFSET);
  }

  /**
   * Returns the table.
   *
   * @return its id
   */
  public long table() {
    return WalMemory.getLong(entry + TABLE_OFFSET);
  }

  /**
   * Returns the run that an overflow put publishes.
   *
   * @return the LSN of the record that allocated it; 0 for other kinds
   */
  public long runLsn() {
    return WalMemory.getLong(entry + RUN_LSN_OFFSET);
  }

  /**
   * Returns where the key is.
   *
   * @return absolute address, valid as long as the record
   */
  public long keyAddress() {
    return entry + KEY_OFFSET;
  }

  /**
   * Returns the key's length.
   *
   * @return bytes
   */
  public int keyBytes() {
    return WalMemory.getShort(entry + KEY_BYTES_OFFSET);
  }

  /**
   * Returns where the value, or the reference of an overflow put, is.
   *
   * @return absolute address, valid as long as the record
   */
  public long valueAddress() {
    return entry + KEY_OFFSET + keyBytes();
  }

  /**
   * Returns the length of the value or the reference.
   *
   * @return bytes; 0 for a delete
   */
  public int valueBytes() {
    return WalMemory.getInt(entry + VALUE_BYTES_OFFSET);
  }

  private void check(boolean isRight, String what) throws LogDamagedException {
    if (!isRight) {
      throw new LogDamagedException(lsn, "malformed commit: " + what);
    }
  }
}
