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
public final class DriverDevice implements BlockDevice {
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
          ("%s has %d blocks and cannot grow to %d while it is open; a file of xnvme: is made larger"
                  + " by opening it with the option size=")
              .formatted(capabilities.description(), blockCount(), blockCountMin));
    }
  }

  @Override
  public QueuePair openQueuePair(int depth) throws IOException {
    return isStaged ? stage(openPinned(depth)) : open(depth, 0);
  }

  /**
   * Opens a queue pair whose commands use its own DMA memory, without a copy.
   *
   * @param depth the most commands in flight, 1 to {@link Capabilities#queueDepthMax}
   * @return the queue pair, to be closed by the caller
   * @throws IOException when the driver has no more queues or memory
   */
  public DriverQueuePair openPinned(int depth) throws IOException {
    return open(depth, capabilities.transferBytesMax());
  }

  private DriverQueuePair open(int depth, long dataBytes) throws IOException {
    CommandLimits.checkDepth(depth, capabilities.queueDepthMax());
    DriverQueuePair.Size size = new DriverQueuePair.Size(depth, depth * dataBytes);
    return DriverQueuePair.open(this, openQueuePairs, size, execution);
  }

  private QueuePair stage(DriverQueuePair pinned) {
    QueuePair staged = null;
    try {
      // The memory goes with the queue pair below, before the device may be closed.
      staged =
          new StagingQueuePair(
              pinned,
              pinned.data().address(),
              new CommandLimits(this),
              capabilities.transferBytesMax(),
              () -> {});
      return staged;
    } finally {
      if (staged == null) {
        pinned.close();
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
