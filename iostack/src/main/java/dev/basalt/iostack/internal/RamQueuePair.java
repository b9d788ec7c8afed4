// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.agent.Execution;

/** A queue pair of a {@link RamDevice}: commands are copies. */
final class RamQueuePair extends ImmediateQueuePair {
  private final long base;

  RamQueuePair(
      long base,
      CommandLimits limits,
      OpenQueuePairs openQueuePairs,
      int depth,
      Execution execution) {
    super(limits, openQueuePairs, depth, execution);
    this.base = base;
  }

  @Override
  int read(long offset, long address, int lengthBytes) {
    TransferMemory.copy(base + offset, address, lengthBytes);
    return IoStatus.SUCCESS;
  }

  @Override
  int write(long offset, long address, int lengthBytes) {
    TransferMemory.copy(address, base + offset, lengthBytes);
    return IoStatus.SUCCESS;
  }

  @Override
  int flush() {
    return IoStatus.SUCCESS;
  }

  @Override
  int deallocate(long offset, long lengthBytes) {
    return writeZeroes(offset, lengthBytes);
  }

  @Override
  int writeZeroes(long offset, long lengthBytes) {
    TransferMemory.zero(base + offset, lengthBytes);
    return IoStatus.SUCCESS;
  }

  @Override
  void release() {}
}
