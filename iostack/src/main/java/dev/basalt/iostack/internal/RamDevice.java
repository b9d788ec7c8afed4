// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.BlockReader;
import dev.basalt.iostack.Capabilities;
import dev.basalt.iostack.QueuePair;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.linux.ErrnoException;
import dev.basalt.linux.MappedRegion;
import dev.basalt.linux.VirtualMemory;
import java.io.IOException;

/**
 * A device in memory, which takes memory as it is written and keeps nothing.
 *
 * <p><b>Ownership.</b> The device owns the memory of its blocks. It is freed by {@link #close},
 * which refuses while queue pairs are open, so that no command reaches freed memory.
 *
 * <p><b>Concurrency.</b> Any thread. Commands on the same blocks at the same time leave any mix, as
 * on other devices.
 */
final class RamDevice implements BlockDevice {
  static final int BLOCK_BYTES = 4096;
  private static final int TRANSFER_BYTES_MAX = 1 << 20;
  private static final int DEPTH_MAX = 4096;

  private final OpenQueuePairs openQueuePairs = new OpenQueuePairs();
  private final Execution execution;
  private final MappedRegion region;
  private final Capabilities capabilities;
  private volatile long blockCount;

  /**
   * Creates a device full of zeroes.
   *
   * @param sizeBytes its size, at least one block
   * @param sizeBytesMax how far it can grow
   */
  RamDevice(long sizeBytes, long sizeBytesMax, Execution execution) throws ErrnoException {
    this.execution = execution;
    blockCount = sizeBytes / BLOCK_BYTES;
    region = VirtualMemory.reserve(sizeBytesMax);
    capabilities =
        new Capabilities(
            "ram, " + sizeBytes + " bytes at first",
            BLOCK_BYTES,
            TRANSFER_BYTES_MAX,
            BLOCK_BYTES,
            1,
            DEPTH_MAX,
            false,
            false,
            sizeBytesMax > sizeBytes);
  }

  @Override
  public Capabilities capabilities() {
    return capabilities;
  }

  @Override
  public long blockCount() {
    return blockCount;
  }

  @Override
  public synchronized void grow(long blockCountMin) throws IOException {
    long blockCountMax = region.sizeBytes() / BLOCK_BYTES;
    if (blockCountMin > blockCountMax) {
      throw new IOException(
          "ram device of at most "
              + blockCountMax
              + " blocks cannot grow to "
              + blockCountMin
              + "; open it with a larger max=");
    }
    blockCount = Math.max(blockCount, blockCountMin);
  }

  @Override
  public QueuePair openQueuePair(int depth) {
    CommandLimits.checkDepth(depth, DEPTH_MAX);
    return new RamQueuePair(
        region.address(), new CommandLimits(this), openQueuePairs, depth, execution);
  }

  @Override
  public BlockReader openReader() {
    return new RamBlockReader(region.address(), new CommandLimits(this), openQueuePairs);
  }

  @Override
  public void close() {
    if (openQueuePairs.close()) {
      region.close();
    }
  }
}
