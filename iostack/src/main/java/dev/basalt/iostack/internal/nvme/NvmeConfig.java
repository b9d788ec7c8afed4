// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

/**
 * How long a controller may take, and how it is waited for.
 *
 * @param commandNanos a command of an I/O queue, until it is aborted
 * @param abortNanos the same after the abort, until the controller is reset
 * @param adminNanos an admin command
 * @param interrupts whether who waits for commands sleeps until an interrupt, instead of looking
 *     often
 */
public record NvmeConfig(long commandNanos, long abortNanos, long adminNanos, boolean interrupts) {
  /**
   * Returns what suits devices: slow ones take seconds when they collect garbage.
   *
   * @return 10 s, 2 s more after an abort, 5 s for admin commands; without interrupts
   */
  public static NvmeConfig defaults() {
    return new NvmeConfig(10_000_000_000L, 2_000_000_000L, 5_000_000_000L, false);
  }
}
