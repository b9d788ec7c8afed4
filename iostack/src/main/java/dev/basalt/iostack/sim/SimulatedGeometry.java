// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.sim;

/**
 * The shape of a {@link SimulatedDevice}.
 *
 * @param blockCount blocks at the start
 * @param blockCountMax blocks it can grow to
 * @param blockBytes block size in bytes, a power of two from 512 to 65,536; memory must be aligned
 *     to it too
 * @param atomicWriteBytes the aligned unit that a power cut does not tear, a power of two from the
 *     block size
 * @param volatileWriteCache whether writes need a flush to be durable
 */
public record SimulatedGeometry(
    long blockCount,
    long blockCountMax,
    int blockBytes,
    int atomicWriteBytes,
    boolean volatileWriteCache) {
  private static final int BLOCK_BYTES_MIN = 512;
  private static final int BLOCK_BYTES_MAX = 1 << 16;

  /** Checks the limits. */
  public SimulatedGeometry {
    if (blockBytes < BLOCK_BYTES_MIN
        || blockBytes > BLOCK_BYTES_MAX
        || Integer.bitCount(blockBytes) != 1) {
      throw new IllegalArgumentException(
          "block size is " + blockBytes + ", needed: a power of two from 512 to 65,536");
    }
    if (atomicWriteBytes < blockBytes || Integer.bitCount(atomicWriteBytes) != 1) {
      throw new IllegalArgumentException(
          "atomic write unit is "
              + atomicWriteBytes
              + ", needed: a power of two, one block or more");
    }
    if (blockCount < 1 || blockCountMax < blockCount || blockCountMax > SparseBlocks.COUNT_MAX) {
      throw new IllegalArgumentException(
          "size is " + blockCount + " to " + blockCountMax + " blocks, needed: 1 or more");
    }
  }

  /**
   * Returns a device of 512-byte blocks that are the atomic unit, with a volatile cache, which can
   * grow to four times its size.
   *
   * @param sizeBytes its size, rounded down to a block
   * @return the geometry
   */
  public static SimulatedGeometry of(long sizeBytes) {
    long blockCount = sizeBytes / BLOCK_BYTES_MIN;
    return new SimulatedGeometry(
        blockCount, 4 * blockCount, BLOCK_BYTES_MIN, BLOCK_BYTES_MIN, true);
  }
}
