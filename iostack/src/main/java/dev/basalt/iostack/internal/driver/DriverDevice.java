// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.driver;

import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.Capabilities;
import dev.basalt.iostack.IoVector;
import dev.basalt.iostack.QueuePair;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.internal.CommandLimits;
import dev.basalt.iostack.internal.OpenQueuePairs;
import dev.basalt.iostack.internal.StagingQueuePair;
import dev.basalt.spdk.NativeDevice;
import dev.basalt.spdk.NativeInfo;
import java.io.IOException;

/**
 * A device of a driver in C. Where the driver pins memory, or takes no scatter lists, transfers go
 * through staging memory.
 *
 * <p><b>Ownership.</b> Owns the driver's device.
 *
 * <p><b>Concurrency.</b> Any thread.
 */
final class DriverDevice implements BlockDevice {
  /** The most bytes of one transfer, so that the staging memory of depth 128 is 16 MiB. */
  private static final int TRANSFER_BYTES_MAX = 128 << 10;

  private final OpenQueuePairs openQueuePairs = new OpenQueuePairs();
  private final NativeDevice device;
  private final Execution execution;
  private final Capabilities capabilities;
  private final boolean isStaged;

  DriverDevice(NativeDevice device, Execution execution) {
    NativeInfo info = device.info();
    this.device = device;
    this.execution = execution;
    isStaged = info.pinsMemory() || info.pieceCountMax() < IoVector.CAPACITY_MAX;
    capabilities =
        new Capabilities(
            device + ", " + info.description(),
            info.blockBytes(),
            Math.min(TRANSFER_BYTES_MAX, info.transferBytesMax()),
            info.atomicWriteBytes(),
            isStaged ? 1 : info.memoryAlignmentBytes(),
            info.queueDepthMax(),
            info.hasVolatileWriteCache(),
            isStaged,
            false);
  }

  NativeDevice device() {
    return device;
  }

  @Override
  public Capabilities capabilities() {
    return capabilities;
  }

  @Override
  public long blockCount() {
    return device.info().blockCount();
  }

  @Override
  public void grow(long blockCountMin) throws IOException {
    openQueuePairs.checkOpen();
    if (blockCountMin > blockCount()) {
      throw new IOException(
          "%s has %d blocks and cannot grow to %d: its driver knows no growth"
              .formatted(capabilities.description(), blockCount(), blockCountMin));
    }
  }

  @Override
  public QueuePair openQueuePair(int depth) throws IOException {
    CommandLimits.checkDepth(depth, capabilities.queueDepthMax());
    DriverQueuePair pair = DriverQueuePair.open(this, openQueuePairs, depth, execution);
    return isStaged ? stage(pair) : pair;
  }

  private QueuePair stage(DriverQueuePair pair) throws IOException {
    int slotBytes = capabilities.transferBytesMax();
    QueuePair staged = null;
    try {
      long staging = pair.stage((long) pair.depth() * slotBytes);
      // The memory goes with the queue pair below, before the device may be closed.
      staged = new StagingQueuePair(pair, staging, new CommandLimits(this), slotBytes, () -> {});
      return staged;
    } finally {
      if (staged == null) {
        pair.close();
      }
    }
  }

  @Override
  public void close() {
    if (openQueuePairs.close()) {
      device.close();
    }
  }
}
