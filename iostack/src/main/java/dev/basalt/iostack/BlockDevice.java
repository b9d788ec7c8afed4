// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A device of equal blocks, opened by {@link Devices#open}.
 *
 * <p><b>Concurrency.</b> All methods may be called by any thread.
 */
public interface BlockDevice extends AutoCloseable {
  /**
   * Returns what the device is and can do. Constant but for {@link #blockCount}.
   *
   * @return the capabilities
   */
  Capabilities capabilities();

  /**
   * Returns the present size.
   *
   * @return blocks; grows with {@link #grow} only
   */
  long blockCount();

  /**
   * Makes the device at least so large, with space reserved for it. Durable after the next flush.
   *
   * @param blockCountMin the blocks needed
   * @throws IOException when the device cannot grow: a fixed size, or no space; it is as before
   *     then
   */
  void grow(long blockCountMin) throws IOException;

  /**
   * Opens a queue pair.
   *
   * @param depth the most commands in flight, 1 to {@link Capabilities#queueDepthMax}
   * @return a queue pair that takes any memory; owned by the thread that uses it first
   * @throws IOException when the device or the kernel refuses, with the reason and the advice
   */
  QueuePair openQueuePair(int depth) throws IOException;

  /**
   * Opens a reader for single reads by the thread that asks.
   *
   * @return the reader, to be closed before the device; null where reads take a queue pair
   * @throws IOException when the kernel refuses
   */
  default @Nullable BlockReader openReader() throws IOException {
    return null;
  }

  /** Closes the device. All queue pairs and readers must be closed before. Idempotent. */
  @Override
  void close();
}
