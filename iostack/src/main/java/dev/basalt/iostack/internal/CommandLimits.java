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
final class CommandLimits {
  private final BlockDevice device;
  private final int blockBytes;
  private final int transferBytesMax;
  private final long alignmentMask;

  CommandLimits(BlockDevice device) {
    Capabilities capabilities = device.capabilities();
    this.device = device;
    blockBytes = capabilities.blockBytes();
    transferBytesMax = capabilities.transferBytesMax();
    alignmentMask = capabilities.memoryAlignmentBytes() - 1L;
  }

  int blockBytes() {
    return blockBytes;
  }

  /**
   * Checks a transfer in one piece.
   *
   * @return its length in bytes
   */
  int checkTransfer(long lba, int lbaCount, long address) {
    checkBlocks(lba, lbaCount);
    long lengthBytes = (long) lbaCount * blockBytes;
    checkLength(lengthBytes);
    checkMemory(address);
    return (int) lengthBytes;
  }

  /**
   * Checks a transfer in several pieces.
   *
   * @return its length in bytes
   */
  int checkVector(long lba, IoVector vector) {
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

  void checkBlocks(long lba, long lbaCount) {
    long blockCount = device.blockCount();
    if (lba < 0 || lbaCount < 1 || lbaCount > blockCount || lba > blockCount - lbaCount) {
      throw new IllegalArgumentException(
          lbaCount + " blocks at LBA " + lba + ", needed: within 0 to " + (blockCount - 1));
    }
  }

  static void checkDepth(int depth, int depthMax) {
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
