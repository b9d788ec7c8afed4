// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

import static dev.basalt.engine.internal.wal.SuperblockDescriptor.*;

import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * A superblock: what the store is, and where recovery begins.
 *
 * @param sequence one more than that of the superblock written before; its parity names the copy
 * @param layout what the store is
 * @param checkpoint where recovery begins
 */
public record Superblock(long sequence, StoreLayout layout, CheckpointState checkpoint) {

  /** What one copy holds. */
  sealed interface Copy {
    /** A superblock that is whole. */
    record Valid(Superblock superblock) implements Copy {}

    /** Nothing but zeroes. */
    record Blank() implements Copy {}

    /** Something that is not of Basalt. */
    record Foreign(String found) implements Copy {}

    /** A whole superblock of a format that is not known here. */
    record Newer(int version) implements Copy {}

    /** A superblock that is damaged. */
    record Damaged(String found) implements Copy {}
  }

  /** Encodes into {@link SuperblockDescriptor#LENGTH_BYTES} bytes at an address. */
  void encode(long address) {
    WalMemory.zero(address, LENGTH_BYTES);
    WalMemory.putLong(address + MAGIC_OFFSET, MAGIC);
    WalMemory.putInt(address + VERSION_OFFSET, VERSION);
    WalMemory.putLong(address + SEQUENCE_OFFSET, sequence);
    WalMemory.putLong(address + STORE_ID_OFFSET, layout.storeId().getMostSignificantBits());
    WalMemory.putLong(address + STORE_ID_OFFSET + 8, layout.storeId().getLeastSignificantBits());
    WalMemory.putInt(address + PAGE_BYTES_OFFSET, layout.pageBytes());
    WalMemory.putInt(address + FLAGS_OFFSET, checkpoint.clean() ? FLAG_CLEAN : 0);
    WalMemory.putLong(address + LOG_OFFSET_OFFSET, layout.logOffsetBytes());
    WalMemory.putLong(address + LOG_LENGTH_OFFSET, layout.logBytes());
    WalMemory.putLong(address + PAGE_AREA_OFFSET, layout.pageAreaOffsetBytes());
    WalMemory.putLong(address + PAGE_COUNT_OFFSET, layout.pageCount());
    WalMemory.putLong(address + REDO_LSN_OFFSET, checkpoint.redoLsn());
    WalMemory.putLong(address + BEGIN_LSN_OFFSET, checkpoint.beginLsn());
    WalMemory.putLong(address + DURABLE_LSN_OFFSET, checkpoint.durableLsn());
    WalMemory.putInt(address + EPOCH_OFFSET, checkpoint.epoch());
    WalMemory.putInt(address + REDO_EPOCH_OFFSET, checkpoint.redoEpoch());
    WalMemory.putLong(address + COMMIT_SEQUENCE_OFFSET, checkpoint.commitSequence());
    WalMemory.putInt(address + CHECKSUM_OFFSET, checksum(address));
  }

  /** Decodes the copy of an index from {@link SuperblockDescriptor#LENGTH_BYTES} hostile bytes. */
  static Copy decode(long address, int copyIndex) {
    long magic = WalMemory.getLong(address + MAGIC_OFFSET);
    int checksum = checksum(address);
    int stored = WalMemory.getInt(address + CHECKSUM_OFFSET);
    if (magic != MAGIC && WalMemory.isZero(address, LENGTH_BYTES)) {
      return new Copy.Blank();
    }
    if (magic != MAGIC) {
      return stored == checksum && WalMemory.getInt(address + VERSION_OFFSET) == VERSION
          ? new Copy.Damaged("its first 8 bytes are not a superblock's")
          : new Copy.Foreign(String.format("it begins with %016x", Long.reverseBytes(magic)));
    }
    if (stored != checksum) {
      return new Copy.Damaged(String.format("checksum is %08x, computed: %08x", stored, checksum));
    }
    int version = WalMemory.getInt(address + VERSION_OFFSET);
    return version == VERSION ? decodeFields(address, copyIndex) : new Copy.Newer(version);
  }

  private static Copy decodeFields(long address, int copyIndex) {
    long sequence = WalMemory.getLong(address + SEQUENCE_OFFSET);
    if (sequence < 1 || sequence % COPY_COUNT != copyIndex) {
      return new Copy.Damaged("sequence " + sequence + " does not belong in copy " + copyIndex);
    }
    CheckpointState checkpoint = decodeCheckpoint(address);
    try {
      StoreLayout layout = decodeLayout(address);
      if (checkpoint.isPlausible(layout.logBytes())) {
        return new Copy.Valid(new Superblock(sequence, layout, checkpoint));
      }
      return new Copy.Damaged("its LSNs cannot be: " + checkpoint);
    } catch (IllegalArgumentException e) {
      return new Copy.Damaged(String.valueOf(e.getMessage()));
    }
  }

  private static StoreLayout decodeLayout(long address) {
    return new StoreLayout(
        new UUID(
            WalMemory.getLong(address + STORE_ID_OFFSET),
            WalMemory.getLong(address + STORE_ID_OFFSET + 8)),
        WalMemory.getInt(address + PAGE_BYTES_OFFSET),
        WalMemory.getLong(address + LOG_OFFSET_OFFSET),
        WalMemory.getLong(address + LOG_LENGTH_OFFSET),
        WalMemory.getLong(address + PAGE_AREA_OFFSET),
        WalMemory.getLong(address + PAGE_COUNT_OFFSET));
  }

  private static CheckpointState decodeCheckpoint(long address) {
    return new CheckpointState(
        WalMemory.getLong(address + REDO_LSN_OFFSET),
        WalMemory.getLong(address + BEGIN_LSN_OFFSET),
        WalMemory.getLong(address + DURABLE_LSN_OFFSET),
        WalMemory.getInt(address + EPOCH_OFFSET),
        WalMemory.getInt(address + REDO_EPOCH_OFFSET),
        WalMemory.getLong(address + COMMIT_SEQUENCE_OFFSET),
        (WalMemory.getInt(address + FLAGS_OFFSET) & FLAG_CLEAN) != 0);
  }

  private static int checksum(long address) {
    CRC32C crc = new CRC32C();
    crc.update(WalMemory.view(address + VERSION_OFFSET, LENGTH_BYTES - VERSION_OFFSET));
    return (int) crc.getValue();
  }
}
