// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

/**
 * How long a controller may take.
 *
 * @param commandNanos a command of an I/O queue, until it is aborted
 * @param abortNanos the same after the abort, until the controller is reset
 * @param adminNanos an admin command
 */
public record NvmeConfig(long commandNanos, long abortNanos, long adminNanos) {
  /**
   * Returns what suits devices: slow ones take seconds when they collect garbage.
   *
   * @return 10 s, 2 s more after an abort, 5 s for admin commands
   */
  public static NvmeConfig defaults() {
    return new NvmeConfig(10_000_000_000L, 2_000_000_000L, 5_000_000_000L);
  }
}
