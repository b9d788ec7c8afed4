// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

import dev.basalt.iostack.BlockReader;
import dev.basalt.iostack.IoStatus;

/** Reads a {@link RamDevice}: a copy. */
final class RamBlockReader implements BlockReader {
  private final long base;
  private final CommandLimits limits;
  private final OpenQueuePairs openQueuePairs;
  private boolean isClosed;

  RamBlockReader(long base, CommandLimits limits, OpenQueuePairs openQueuePairs) {
    this.base = base;
    this.limits = limits;
    this.openQueuePairs = openQueuePairs;
    openQueuePairs.add();
  }

  @Override
  public boolean mayWait() {
    return false;
  }

  @Override
  public int read(long lba, int lbaCount, long address) {
    int lengthBytes = limits.checkTransfer(lba, lbaCount, address);
    TransferMemory.copy(base + lba * limits.blockBytes(), address, lengthBytes);
    return IoStatus.SUCCESS;
  }

  @Override
  public void close() {
    if (!isClosed) {
      isClosed = true;
      openQueuePairs.remove();
    }
  }
}
