// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

import static dev.basalt.engine.internal.wal.CommitEntryDescriptor.*;
import static dev.basalt.engine.internal.wal.RecordDescriptor.*;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A reusable builder of one commit record in native memory of its own, which grows when needed.
 *
 * <p>After {@link Wal#append(CommitRecord)} it holds the record as it is in the log, so the owner
 * can apply its entries from here.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time. The memory is garbage collected with this
 * object.
 */
public final class CommitRecord {
  private static final int LENGTH_BYTES_MAX = 1 << 30;

  private final CRC32C crc = new CRC32C();
  private MemorySegment memory;
  private long address;
  private int capacityBytes;
  private ByteBuffer view;
  private int lengthBytes;
  private int entryCount;

  /**
   * Creates an empty record.
   *
   * @param capacityBytes memory to begin with
   */
  public CommitRecord(int capacityBytes) {
    this.capacityBytes = (int) align(Math.max(capacityBytes, 2 * ENTRIES_OFFSET));
    memory = Arena.ofAuto().allocate(this.capacityBytes, ALIGNMENT_BYTES);
    address = memory.address();
    view = WalMemory.view(address, this.capacityBytes);
    clear();
  }

  /** Empties the record. */
  public void clear() {
    lengthBytes = ENTRIES_OFFSET;
    entryCount = 0;
  }

  /**
   * Adds a put.
   *
   * @param table the table's id
   * @param key the key, at most 65,535 bytes
   * @param value the value
   */
  public void put(long table, MemorySegment key, MemorySegment value) {
    add(RecordType.PUT, table, 0, key, value);
  }

  /**
   * Adds a put whose value is in overflow pages.
   *
   * @param table the table's id
   * @param key the key, at most 65,535 bytes
   * @param reference what the leaf will hold
   * @param runLsn the LSN of the record that allocated the pages; this record publishes them
   */
  public void putOverflow(long table, MemorySegment key, MemorySegment reference, long runLsn) {
    add(RecordType.PUT_OVERFLOW, table, runLsn, key, reference);
  }

  /**
   * Adds a delete.
   *
   * @param table the table's id
   * @param key the key, at most 65,535 bytes
   */
  public void delete(long table, MemorySegment key) {
    add(RecordType.DELETE, table, 0, key, null);
  }

  /**
   * Returns how many entries there are.
   *
   * @return the count
   */
  public int entryCount() {
    return entryCount;
  }

  /**
   * Returns the bytes that the record takes in the log.
   *
   * @return the length, a multiple of 8
   */
  public int lengthBytes() {
    return lengthBytes;
  }

  /**
   * Returns the LSN that the record got.
   *
   * @return the LSN; undefined before it was appended
   */
  public long lsn() {
    return WalMemory.getLong(address + LSN_OFFSET);
  }

  /**
   * Returns the commit sequence that the record got.
   *
   * @return the sequence; undefined before it was appended
   */
  public long commitSequence() {
    return WalMemory.getLong(address + ARGUMENT_OFFSET);
  }

  /**
   * Points a cursor at the entries, which is valid until the next change of this record.
   *
   * @param entries the cursor
   */
  public void entries(CommitEntries entries) {
    entries.reset(lsn(), address + ENTRIES_OFFSET, lengthBytes - ENTRIES_OFFSET, entryCount);
  }

  /** Computes the payload's part of the checksum: before the latch, not under it. */
  void seal() {
    WalMemory.putInt(address + ENTRY_COUNT_OFFSET, entryCount);
    WalMemory.putInt(address + ENTRY_COUNT_OFFSET + 4, 0);
    crc.reset();
    crc.update(view.limit(lengthBytes).position(HEADER_BYTES));
  }

  /** Completes the header. Called once after {@link #seal}, under the append latch. */
  void complete(long lsn, long durableLsn, long commitSequence, int epoch, int logTag) {
    WalMemory.putInt(address + LENGTH_OFFSET, lengthBytes);
    WalMemory.putLong(address + LSN_OFFSET, lsn);
    WalMemory.putLong(address + DURABLE_LSN_OFFSET, durableLsn);
    WalMemory.putLong(address + ARGUMENT_OFFSET, commitSequence);
    WalMemory.putInt(address + EPOCH_OFFSET, epoch);
    WalMemory.putInt(address + TYPE_OFFSET, RecordType.COMMIT);
    crc.update(view.limit(HEADER_BYTES).position(LENGTH_OFFSET));
    WalMemory.putInt(address + CHECKSUM_OFFSET, (int) crc.getValue() ^ logTag);
  }

  long address() {
    return address;
  }

  private void add(
      int kind, long table, long runLsn, MemorySegment key, @Nullable MemorySegment value) {
    if (key.byteSize() > 0xffff) {
      throw new IllegalArgumentException("key has " + key.byteSize() + " bytes, limit: 65535");
    }
    long valueBytes = value == null ? 0 : value.byteSize();
    long bytes = align(KEY_OFFSET + key.byteSize() + valueBytes);
    ensure(bytes);
    long entry = address + lengthBytes;
    WalMemory.putLong(entry + bytes - ALIGNMENT_BYTES, 0); // padding
    WalMemory.putLong(entry, 0);
    WalMemory.putByte(entry + KIND_OFFSET, kind);
    WalMemory.putShort(entry + KEY_BYTES_OFFSET, (int) key.byteSize());
    WalMemory.putInt(entry + VALUE_BYTES_OFFSET, (int) valueBytes);
    WalMemory.putLong(entry + TABLE_OFFSET, table);
    WalMemory.putLong(entry + RUN_LSN_OFFSET, runLsn);
    WalMemory.copy(key, entry + KEY_OFFSET);
    if (value != null) {
      WalMemory.copy(value, entry + KEY_OFFSET + key.byteSize());
    }
    lengthBytes += (int) bytes;
    entryCount++;
  }

  private void ensure(long bytes) {
    long needed = lengthBytes + bytes;
    if (needed > LENGTH_BYTES_MAX) {
      throw new IllegalArgumentException(
          "commit has more than " + LENGTH_BYTES_MAX + " bytes of keys and values");
    }
    if (needed <= capacityBytes) {
      return;
    }
    int capacity = (int) Math.min(LENGTH_BYTES_MAX, Math.max(needed, 2L * capacityBytes));
    MemorySegment larger = Arena.ofAuto().allocate(capacity, ALIGNMENT_BYTES);
    WalMemory.copy(memory.asSlice(0, lengthBytes), larger.address());
    memory = larger;
    address = larger.address();
    capacityBytes = capacity;
    view = WalMemory.view(address, capacity);
  }
}
