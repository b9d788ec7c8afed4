// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import dev.basalt.iostack.sim.SimulatedDevice;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * How far the log of a store is durable, as the simulated device itself says: what it would hold if
 * the power went now and every write that was not flushed were lost. Reads the log by the
 * description of the file format, with no code of the engine.
 */
final class DurableLog {
  private static final int SUPERBLOCK_BYTES = 512;
  private static final long SUPERBLOCK_STRIDE_BYTES = 1 << 16;
  private static final long MAGIC = 0x4244544C41534142L; // "BASALTDB"
  private static final int HEADER_BYTES = 40;

  private final SimulatedDevice device;
  private final int blockBytes;
  private final int tag;
  private final CRC32C crc = new CRC32C();
  private long ringOffset;
  private long ringBytes;
  private long endLsn;
  private int epoch;

  DurableLog(SimulatedDevice device, UUID storeId) {
    this.device = device;
    blockBytes = device.capabilities().blockBytes();
    tag = tag(storeId);
  }

  /** Tells whether the whole record at an LSN, and all before it, are durable. */
  boolean covers(long lsn) {
    if (lsn >= endLsn) {
      if (ringBytes == 0) {
        readSuperblocks();
      }
      advance();
    }
    return lsn < endLsn;
  }

  /** Returns where the durable log was found to end. */
  long endLsn() {
    return endLsn;
  }

  private void readSuperblocks() {
    long newest = 0;
    for (int copy = 0; copy < 2; copy++) {
      byte[] block = read(copy * SUPERBLOCK_STRIDE_BYTES, SUPERBLOCK_BYTES);
      crc.reset();
      crc.update(block, 12, SUPERBLOCK_BYTES - 12);
      ByteBuffer bytes = view(block);
      boolean isWhole = bytes.getLong(0) == MAGIC && bytes.getInt(8) == (int) crc.getValue();
      if (isWhole && bytes.getLong(16) > newest) {
        newest = bytes.getLong(16);
        ringOffset = bytes.getLong(48);
        ringBytes = bytes.getLong(56);
        endLsn = bytes.getLong(80);
        epoch = bytes.getInt(108);
      }
    }
  }

  private void advance() {
    int length = ringBytes == 0 ? 0 : recordBytes();
    while (length > 0) {
      endLsn += length;
      length = recordBytes();
    }
  }

  /** Returns the length of the record at the end, or 0 when there is no whole one. */
  private int recordBytes() {
    ByteBuffer header = view(readRing(endLsn, HEADER_BYTES));
    int length = header.getInt(4);
    if (length < HEADER_BYTES || length > ringBytes / 8 || length % 8 != 0) {
      return 0;
    }
    if (header.getLong(8) != endLsn || header.getInt(32) < epoch) {
      return 0;
    }
    byte[] record = readRing(endLsn, length);
    crc.reset();
    crc.update(record, HEADER_BYTES, length - HEADER_BYTES);
    crc.update(record, 4, HEADER_BYTES - 4);
    if (header.getInt(0) != ((int) crc.getValue() ^ tag)) {
      return 0;
    }
    epoch = header.getInt(32);
    return length;
  }

  private byte[] readRing(long lsn, int length) {
    long at = lsn % ringBytes;
    if (at + length <= ringBytes) {
      return read(ringOffset + at, length);
    }
    int first = (int) (ringBytes - at);
    byte[] bytes = Arrays.copyOf(read(ringOffset + at, first), length);
    System.arraycopy(read(ringOffset, length - first), 0, bytes, first, length - first);
    return bytes;
  }

  private byte[] read(long offset, int length) {
    byte[] bytes = new byte[length];
    int done = 0;
    while (done < length) {
      byte[] block = device.readDurableBlock((offset + done) / blockBytes);
      int from = (int) ((offset + done) % blockBytes);
      int count = Math.min(length - done, blockBytes - from);
      System.arraycopy(block, from, bytes, done, count);
      done += count;
    }
    return bytes;
  }

  private static ByteBuffer view(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static int tag(UUID storeId) {
    CRC32C crc = new CRC32C();
    for (int shift = 0; shift < Long.SIZE; shift += Byte.SIZE) {
      crc.update((int) (storeId.getMostSignificantBits() >>> shift));
      crc.update((int) (storeId.getLeastSignificantBits() >>> shift));
    }
    return (int) crc.getValue();
  }
}
