// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

import static dev.basalt.engine.internal.wal.RecordDescriptor.*;

import dev.basalt.index.StructureChange;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * Encodes structure records in one piece of memory that grows when needed: a change's images carry
 * the record's LSN, so they can be encoded only when that is known, and the log buffer may wrap.
 *
 * <p><b>Concurrency.</b> Used under the append latch. The memory is garbage collected with this
 * object.
 */
final class StructureRecord {
  /** The index copies whole words; what it may write behind a body. */
  private static final int SLACK_BYTES = 64;

  private final CRC32C crc = new CRC32C();
  private final int epoch;
  private final int logTag;
  private MemorySegment memory = Arena.ofAuto().allocate(0);
  private ByteBuffer view = memory.asByteBuffer();

  StructureRecord(int epoch, int logTag) {
    this.epoch = epoch;
    this.logTag = logTag;
  }

  static long lengthBytes(StructureChange change) {
    return HEADER_BYTES + (long) change.lengthBytes();
  }

  /** Encodes a record; returns its address, valid until the next call. */
  long encode(StructureChange change, int lengthBytes, long lsn, long durableLsn) {
    if (lengthBytes + SLACK_BYTES > memory.byteSize()) {
      memory = Arena.ofAuto().allocate(2L * lengthBytes + SLACK_BYTES, ALIGNMENT_BYTES);
      view = WalMemory.view(memory.address(), (int) memory.byteSize());
    }
    long address = memory.address();
    WalMemory.putInt(address + LENGTH_OFFSET, lengthBytes);
    WalMemory.putLong(address + LSN_OFFSET, lsn);
    WalMemory.putLong(address + DURABLE_LSN_OFFSET, durableLsn);
    WalMemory.putLong(address + ARGUMENT_OFFSET, 0);
    WalMemory.putInt(address + EPOCH_OFFSET, epoch);
    int flags = change.startsRun() ? RecordType.FLAG_STARTS_RUN : 0;
    WalMemory.putInt(address + TYPE_OFFSET, RecordType.STRUCTURE | flags << 8);
    change.encode(address + HEADER_BYTES, lsn);
    int checksum = LogRecord.checksum(crc, view, 0, lengthBytes, logTag);
    WalMemory.putInt(address + CHECKSUM_OFFSET, checksum);
    return address;
  }
}
