// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

import static dev.basalt.engine.internal.wal.RecordDescriptor.*;

import dev.basalt.iostack.IoStack;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Reads the log from the device: records in LSN order up to the first bytes that are none.
 *
 * <p><b>End or damage?</b> A power failure leaves any part of what was in flight, so a hole at the
 * end, also with later records behind it, is normal: what was never durable was never acknowledged.
 * It is damage when the log is known to have been durable behind the hole:
 *
 * <ul>
 *   <li>the superblock says so (it names the durable LSN of its time), or
 *   <li>a later valid record says so: each names the durable LSN of the moment it was appended. A
 *       record of an epoch before the hole's is a ghost and no witness; a ghost of the hole's epoch
 *       cannot name a durable LSN behind it.
 * </ul>
 *
 * Witnesses are looked for as far behind the end as two log buffers reach: writes never get further
 * ahead of the durable LSN than one, and the record that names it is one further at most. So a
 * damaged place that is more than this before the real end has a witness. Damage to the very last
 * group cannot be told from one that was never durable.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time. May read, behind the redo LSN, what the
 * log's writer is not writing any more. The memory is garbage collected with this object.
 */
public final class LogReader {
  private static final int READ_BYTES_MAX = 1 << 20;

  private final IoStack io;
  private final LogRegion region;
  private final int logTag;
  private final CRC32C crc = new CRC32C();
  private final LogRecord record = new LogRecord();
  private final int recordBytesMax;

  private MemorySegment memory = Arena.ofAuto().allocate(0);
  private ByteBuffer view = memory.asByteBuffer();

  /** What memory holds: the log from baseLsn on. */
  private long baseLsn;

  private int filledBytes;

  private long firstLsn;
  private long nextLsn;
  private int epoch;
  private String reason = "";

  /**
   * Creates a reader that stands nowhere.
   *
   * @param io the device
   * @param layout where the log is
   */
  public LogReader(IoStack io, StoreLayout layout) {
    this.io = io;
    region = layout.logRegion(io.device().capabilities().blockBytes());
    logTag = layout.storeTag();
    recordBytesMax = region.recordBytesMax();
  }

  /**
   * Goes to a record.
   *
   * @param lsn its LSN
   * @param epochMin the least epoch it may have
   */
  public void seek(long lsn, int epochMin) {
    firstLsn = lsn;
    nextLsn = lsn;
    epoch = epochMin;
    filledBytes = 0;
    reason = "";
  }

  /**
   * Reads the next record.
   *
   * @return false at the end of the log
   * @throws IOException when the device reports an error: that is never taken for the end
   */
  public boolean next() throws IOException {
    String fault = faultAt(nextLsn);
    if (fault != null) {
      reason = fault;
      return false;
    }
    nextLsn += record.lengthBytes();
    epoch = record.epoch();
    return true;
  }

  /**
   * Returns the record that {@link #next} has read.
   *
   * @return the same object each time, valid until the next call
   */
  public LogRecord record() {
    return record;
  }

  /**
   * Finds the end of the log and makes sure that it is the end.
   *
   * @param start where recovery begins
   * @param wholeRing whether to look for later records everywhere, because the superblock may not
   *     be the newest
   * @return the end
   * @throws LogDamagedException when the log is known to have been durable behind it
   * @throws IOException when the device reports an error
   */
  public LogEnd findEnd(CheckpointState start, boolean wholeRing) throws IOException {
    seek(start.redoLsn(), start.redoEpoch());
    long commitSequence = start.commitSequence();
    long count = 0;
    while (next()) {
      count++;
      if (record.type() == RecordType.COMMIT) {
        commitSequence = Math.max(commitSequence, record.commitSequence());
      }
    }
    LogEnd end = new LogEnd(nextLsn, epoch, commitSequence, count, reason);
    if (end.endLsn() < start.durableLsn()) {
      throw new LogDamagedException(
          end.endLsn(),
          reason + ", but the superblock says that the log is whole up to " + start.durableLsn());
    }
    if (!start.clean() || wholeRing) {
      findWitness(end, wholeRing);
    }
    return end;
  }

  private @Nullable String faultAt(long lsn) throws IOException {
    if (lsn + HEADER_BYTES - firstLsn > region.capacityBytes()) {
      return "the ring is full";
    }
    long address = ensure(lsn, HEADER_BYTES);
    String fault = headerFault(address, lsn);
    if (fault != null) {
      return fault;
    }
    int length = WalMemory.getInt(address + LENGTH_OFFSET);
    if (lsn + length - firstLsn > region.capacityBytes()) {
      return "a record would overrun the ring";
    }
    address = ensure(lsn, length);
    if (!isChecksumRight(lsn)) {
      return "wrong checksum";
    }
    record.set(address);
    return null;
  }

  private @Nullable String headerFault(long address, long lsn) {
    if (!LogRecord.isLengthPlausible(address, recordBytesMax)) {
      return "no record";
    }
    if (WalMemory.getLong(address + LSN_OFFSET) != lsn) {
      return "a record of another place";
    }
    if (Integer.compareUnsigned(WalMemory.getInt(address + EPOCH_OFFSET), epoch) < 0) {
      return "a record of an earlier epoch";
    }
    return null;
  }

  private boolean isChecksumRight(long lsn) {
    int offset = (int) (lsn - baseLsn);
    int length = WalMemory.getInt(memory.address() + offset + LENGTH_OFFSET);
    return LogRecord.checksum(crc, view, offset, length, logTag)
        == WalMemory.getInt(memory.address() + offset + CHECKSUM_OFFSET);
  }

  /** Throws when a valid record behind the end says that the log was durable behind it. */
  private void findWitness(LogEnd end, boolean wholeRing) throws IOException {
    long window = wholeRing ? region.lengthBytes() : 2L * region.bufferBytes();
    long stop = end.endLsn() + Math.min(window, region.lengthBytes() - LogRegion.ALIGNMENT_BYTES);
    for (long place = end.endLsn(); place < stop; place += ALIGNMENT_BYTES) {
      long address = ensure(place, HEADER_BYTES);
      long lsn = WalMemory.getLong(address + LSN_OFFSET);
      if (lsn < end.endLsn() || (lsn - place) % region.lengthBytes() != 0) {
        continue;
      }
      if (WalMemory.getLong(address + DURABLE_LSN_OFFSET) > end.endLsn()
          && LogRecord.isLengthPlausible(address, recordBytesMax)
          && Integer.compareUnsigned(WalMemory.getInt(address + EPOCH_OFFSET), epoch) >= 0) {
        checkWitness(place, lsn, end);
      }
    }
  }

  private void checkWitness(long place, long lsn, LogEnd end) throws IOException {
    ensure(place, WalMemory.getInt(memory.address() + place - baseLsn + LENGTH_OFFSET));
    if (isChecksumRight(place)) {
      throw new LogDamagedException(
          end.endLsn(),
          end.reason() + ", but a record at LSN " + lsn + " was appended when it was durable");
    }
  }

  /** Reads so that the bytes at an LSN are in memory in one piece; returns their address. */
  private long ensure(long lsn, int bytes) throws IOException {
    if (lsn < baseLsn || lsn + bytes > baseLsn + filledBytes) {
      long base = region.alignDown(lsn);
      long length = region.alignUp(lsn + bytes) - base;
      fill(base, (int) Math.max(length, Math.min(READ_BYTES_MAX, region.bufferBytes())));
    }
    return memory.address() + lsn - baseLsn;
  }

  private void fill(long lsn, int bytes) throws IOException {
    if (bytes > memory.byteSize()) {
      memory = Arena.ofAuto().allocate(bytes, LogRegion.ALIGNMENT_BYTES);
      view = WalMemory.view(memory.address(), bytes);
    }
    filledBytes = 0;
    for (int done = 0; done < bytes; ) {
      long piece = Math.min(bytes - done, region.bytesToWrap(lsn + done));
      int blocks = (int) (piece / region.blockBytes());
      io.read(region.lba(lsn + done), blocks, memory.address() + done);
      done += (int) piece;
    }
    baseLsn = lsn;
    filledBytes = bytes;
  }
}
