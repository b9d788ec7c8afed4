// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

import static dev.basalt.engine.internal.wal.RecordDescriptor.*;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * A reusable view of one whole record in memory that the {@link LogReader} owns.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time.
 */
public final class LogRecord {
  private long address;

  LogRecord() {}

  void set(long recordAddress) {
    address = recordAddress;
  }

  /**
   * Returns the record's LSN.
   *
   * @return the LSN
   */
  public long lsn() {
    return WalMemory.getLong(address + LSN_OFFSET);
  }

  /**
   * Returns the LSN behind the record.
   *
   * @return the LSN of the next record, if any
   */
  public long endLsn() {
    return lsn() + lengthBytes();
  }

  /**
   * Returns what the record is.
   *
   * @return {@link RecordType#COMMIT} or {@link RecordType#STRUCTURE}
   */
  public int type() {
    return WalMemory.getByte(address + TYPE_OFFSET);
  }

  /**
   * Tells whether a structure record allocates a run that is pending.
   *
   * @return true when another record must publish it
   */
  public boolean startsRun() {
    return (WalMemory.getByte(address + FLAGS_OFFSET) & RecordType.FLAG_STARTS_RUN) != 0;
  }

  /**
   * Returns the commit sequence of a commit.
   *
   * @return the sequence
   */
  public long commitSequence() {
    return WalMemory.getLong(address + ARGUMENT_OFFSET);
  }

  /**
   * Returns the epoch in which the record was appended.
   *
   * @return how often the store had been opened, unsigned
   */
  public int epoch() {
    return WalMemory.getInt(address + EPOCH_OFFSET);
  }

  /**
   * Returns up to where the log was durable when the record was appended.
   *
   * @return the LSN
   */
  public long durableLsn() {
    return WalMemory.getLong(address + DURABLE_LSN_OFFSET);
  }

  /**
   * Returns the record's length in the log.
   *
   * @return bytes, a multiple of 8
   */
  public int lengthBytes() {
    return WalMemory.getInt(address + LENGTH_OFFSET);
  }

  /**
   * Points a cursor at a commit's entries, valid until the reader moves on.
   *
   * @param entries the cursor
   * @throws LogDamagedException when the record has no entries
   */
  public void entries(CommitEntries entries) throws LogDamagedException {
    assert type() == RecordType.COMMIT : toString();
    entries.reset(lsn(), address + ENTRIES_OFFSET, entriesBytes(), entryCount());
  }

  /**
   * Returns where a structure record's body is.
   *
   * @return absolute address, 8-byte aligned, valid until the reader moves on
   */
  public long bodyAddress() {
    return address + HEADER_BYTES;
  }

  /**
   * Returns how long the body is.
   *
   * @return bytes, a multiple of 8
   */
  public int bodyBytes() {
    return lengthBytes() - HEADER_BYTES;
  }

  @Override
  public String toString() {
    return RecordType.name(type())
        + " at LSN "
        + lsn()
        + ", "
        + lengthBytes()
        + " bytes, epoch "
        + Integer.toUnsignedString(epoch());
  }

  /** Tells whether the length field of the bytes at an address can be one. */
  static boolean isLengthPlausible(long recordAddress, int lengthBytesMax) {
    int length = WalMemory.getInt(recordAddress + LENGTH_OFFSET);
    return length >= HEADER_BYTES
        && length <= lengthBytesMax
        && (length & ALIGNMENT_BYTES - 1) == 0
        && RecordType.isKnown(WalMemory.getByte(recordAddress + TYPE_OFFSET));
  }

  /** Computes the checksum of a record whose bytes are in one piece. */
  static int checksum(CRC32C crc, ByteBuffer view, int offset, int lengthBytes, int logTag) {
    crc.reset();
    crc.update(view.limit(offset + lengthBytes).position(offset + HEADER_BYTES));
    crc.update(view.limit(offset + HEADER_BYTES).position(offset + LENGTH_OFFSET));
    return (int) crc.getValue() ^ logTag;
  }

  private int entryCount() {
    return WalMemory.getInt(address + ENTRY_COUNT_OFFSET);
  }

  private int entriesBytes() throws LogDamagedException {
    if (lengthBytes() < ENTRIES_OFFSET || entryCount() < 0) {
      throw new LogDamagedException(lsn(), "malformed record: no room for its entry count");
    }
    return lengthBytes() - ENTRIES_OFFSET;
  }
}
