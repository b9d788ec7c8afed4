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

  /** Gives the controller up. All memory must be closed before. Idempotent. */
  @Override
  void close();
}
