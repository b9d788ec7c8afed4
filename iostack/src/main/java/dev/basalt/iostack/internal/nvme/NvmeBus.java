// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import java.io.IOException;

/**
 * What connects the driver to a controller: its registers, memory it can reach, and the means to
 * keep it away from memory. Implemented by VFIO and by the models that tests and benchmarks drive.
 *
 * <p><b>Concurrency.</b> Any thread.
 */
public interface NvmeBus extends AutoCloseable {
  /**
   * Returns where the controller's registers are (section 3.1).
   *
   * @return absolute address, valid until {@link #close}
   */
  long registers();

  /**
   * Returns how large the register area is.
   *
   * @return bytes
   */
  long registersBytes();

  /**
   * Allocates zeroed memory that the controller can read and write.
   *
   * @param sizeBytes how much, above 0; rounded up to 4 KiB
   * @return the memory, to be closed by the caller
   * @throws IOException when there is none, or it may not be locked
   */
  DmaMemory allocate(long sizeBytes) throws IOException;

  /**
   * Keeps the controller from memory, whatever it does.
   *
   * @throws IOException when it cannot be reached
   */
  void isolate() throws IOException;

  /**
   * Returns how many interrupts the controller can signal (MSI-X).
   *
   * @return the count, 0 for none
   * @throws IOException when it cannot be found out
   */
  default int interruptCount() throws IOException {
    return 0;
  }

  /**
   * Has the controller's interrupts signal event counters, until {@link #close}. Called once at
   * most.
   *
   * @param eventFds their descriptors, by interrupt vector from 0 on; -1 for none
   * @throws IOException when they cannot be had
   */
  default void setInterrupts(int[] eventFds) throws IOException {
    throw new UnsupportedOperationException("no interrupts");
  }

  /** Gives the controller up. All memory must be closed before. Idempotent. */
  @Override
  void close();
}
