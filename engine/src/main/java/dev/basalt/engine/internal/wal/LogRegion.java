// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

/**
 * Where the log's ring is on the device. The log is endless, an LSN is a byte position in it; the
 * ring holds its last bytes, LSN n at {@code n mod lengthBytes}.
 *
 * @param offsetBytes where the ring begins on the device, a multiple of {@link #ALIGNMENT_BYTES}
 * @param lengthBytes its length, a multiple of {@link #ALIGNMENT_BYTES}
 * @param blockBytes block size of the device it is on, at most {@link #ALIGNMENT_BYTES}
 */
public record LogRegion(long offsetBytes, long lengthBytes, int blockBytes) {
  /** Alignment of the ring's begin and length, so that any block size up to it fits. */
  public static final int ALIGNMENT_BYTES = 4096;

  /** The smallest ring. */
  public static final long LENGTH_BYTES_MIN = 1 << 18;

  /** The largest log buffer. */
  public static final int BUFFER_BYTES_MAX = 1 << 24;

  /** The first LSN of a new store. LSNs below it are of pages that were never logged. */
  public static final long LSN_FIRST = ALIGNMENT_BYTES;

  /** Checks alignment and limits. */
  public LogRegion {
    if (offsetBytes < 0 || offsetBytes % ALIGNMENT_BYTES != 0) {
      throw new IllegalArgumentException("log offset is " + offsetBytes + ", needed: aligned");
    }
    if (lengthBytes < LENGTH_BYTES_MIN || lengthBytes % ALIGNMENT_BYTES != 0) {
      throw new IllegalArgumentException(
          "log length is "
              + lengthBytes
              + ", needed: a multiple of "
              + ALIGNMENT_BYTES
              + " from "
              + LENGTH_BYTES_MIN);
    }
    if (blockBytes < 512 || blockBytes > ALIGNMENT_BYTES || Integer.bitCount(blockBytes) != 1) {
      throw new IllegalArgumentException("block size is " + blockBytes + ", needed: 512 to 4096");
    }
  }

  /**
   * Returns the most bytes that may lie between the redo point and the end of the log: the ring but
   * for the blocks that hold the two.
   *
   * @return bytes
   */
  public long capacityBytes() {
    return lengthBytes - 2L * ALIGNMENT_BYTES;
  }

  /**
   * Returns the size of the log buffer: a power of two, at most a quarter of the ring.
   *
   * @return bytes
   */
  public int bufferBytes() {
    return (int) Long.highestOneBit(Math.min(BUFFER_BYTES_MAX, lengthBytes / 4));
  }

  /**
   * Returns the longest record.
   *
   * @return bytes
   */
  public int recordBytesMax() {
    return bufferBytes() / 2;
  }

  long lba(long lsn) {
    return (offsetBytes + lsn % lengthBytes) / blockBytes;
  }

  /** Bytes from an LSN to where the ring wraps. */
  long bytesToWrap(long lsn) {
    return lengthBytes - lsn % lengthBytes;
  }

  long alignDown(long lsn) {
    return lsn & -blockBytes;
  }

  long alignUp(long lsn) {
    return lsn + blockBytes - 1 & -blockBytes;
  }
}
