// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.Capabilities;
import dev.basalt.iostack.IoVector;

/**
 * What a queue pair checks of each command before it takes it: the range of blocks, the size of the
 * transfer, the alignment of memory.
 *
 * <p><b>Concurrency.</b> Immutable; reads the device's present size.
 */
public final class CommandLimits {
  private final BlockDevice device;
  private final int blockBytes;
  private final int transferBytesMax;
  private final long alignmentMask;

  /**
   * Creates the checks of a device.
   *
   * @param device the device
   */
  public CommandLimits(BlockDevice device) {
    Capabilities capabilities = device.capabilities();
    this.device = device;
    blockBytes = capabilities.blockBytes();
    transferBytesMax = capabilities.transferBytesMax();
    alignmentMask = capabilities.memoryAlignmentBytes() - 1L;
  }

  /**
   * Returns the block size.
   *
   * @return bytes
   */
  public int blockBytes() {
    return blockBytes;
  }

  /**
   * Checks a transfer in one piece.
   *
   * @param lba the first block
   * @param lbaCount how many blocks
   * @param address of the memory
   * @return its length in bytes
   * @throws IllegalArgumentException when it is misaligned, too long or outside the device
   */
  public int checkTransfer(long lba, int lbaCount, long address) {
    checkBlocks(lba, lbaCount);
    long lengthBytes = (long) lbaCount * blockBytes;
    checkLength(lengthBytes);
    checkMemory(address);
    return (int) lengthBytes;
  }

  /**
   * Checks a transfer in several pieces.
   *
   * @param lba the first block
   * @param vector the pieces
   * @return its length in bytes
   * @throws IllegalArgumentException when it is misaligned, too long or outside the device
   */
  public int checkVector(long lba, IoVector vector) {
    checkLength(vector.totalBytes());
    for (int i = 0; i < vector.count(); i++) {
      checkMemory(vector.address(i));
      if (vector.lengthBytes(i) % blockBytes != 0) {
        throw new IllegalArgumentException(
            "a piece of " + vector.lengthBytes(i) + " bytes, needed: a multiple of " + blockBytes);
      }
    }
    checkBlocks(lba, vector.totalBytes() / blockBytes);
    return (int) vector.totalBytes();
  }

  /**
   * Checks a range of blocks.
   *
   * @param lba the first block
   * @param lbaCount how many blocks
   * @throws IllegalArgumentException when it is empty or not within the device
   */
  public void checkBlocks(long lba, long lbaCount) {
    long blockCount = device.blockCount();
    if (lba < 0 || lbaCount < 1 || lbaCount > blockCount || lba > blockCount - lbaCount) {
      throw new IllegalArgumentException(
          lbaCount + " blocks at LBA " + lba + ", needed: within 0 to " + (blockCount - 1));
    }
  }

  /**
   * Checks the depth of a queue pair.
   *
   * @param depth what was asked for
   * @param depthMax what there is
   * @throws IllegalArgumentException when it is outside
   */
  public static void checkDepth(int depth, int depthMax) {
    if (depth < 1 || depth > depthMax) {
      throw new IllegalArgumentException("depth is " + depth + ", needed: 1 to " + depthMax);
    }
  }

  private void checkLength(long lengthBytes) {
    if (lengthBytes > transferBytesMax) {
      throw new IllegalArgumentException(
          "a transfer of " + lengthBytes + " bytes, needed: at most " + transferBytesMax);
    }
  }

  private void checkMemory(long address) {
    if (address <= 0 || (address & alignmentMask) != 0) {
      throw new IllegalArgumentException(
          "memory at 0x"
              + Long.toHexString(address)
              + ", needed: aligned to "
              + (alignmentMask + 1));
    }
  }
}
