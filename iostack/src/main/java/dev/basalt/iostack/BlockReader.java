// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

/**
 * Reads a device on the thread that asks, by one system call and without a queue pair. For a single
 * read of a thread that has nothing else to do, that is the shortest way: no hand-over to a poller
 * and none back.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time.
 */
public interface BlockReader extends AutoCloseable {
  /**
   * Tells whether a read may wait for hardware, and so keep a virtual thread's carrier from others.
   *
   * @return false for memory
   */
  boolean mayWait();

  /**
   * Reads consecutive blocks. Not ended by an interrupt, whose status is kept.
   *
   * @param lba the first block
   * @param lbaCount how many, 1 or more, up to the device's maximum transfer
   * @param address where the data goes; aligned as {@link Capabilities#memoryAlignmentBytes} says
   * @return a status, see {@link IoStatus}; where it is no success the memory's content is
   *     undefined
   * @throws IllegalArgumentException when a parameter is misaligned or outside the device
   */
  int read(long lba, int lbaCount, long address);

  /** Ends its use, before the device is closed. Idempotent. */
  @Override
  void close();
}
