// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import dev.basalt.iostack.internal.UriOptions;

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
  /** The option of a device's URI that says how long a command may take. */
  static final String TIMEOUT = "timeout-ms";

  /** The option of a device's URI that asks for interrupts. */
  static final String INTERRUPTS = "interrupts";

  private static final long TIMEOUT_MILLIS_MAX = 3_600_000;

  /**
   * Returns what suits devices: slow ones take seconds when they collect garbage.
   *
   * @return 10 s, 2 s more after an abort, 5 s for admin commands; without interrupts
   */
  public static NvmeConfig defaults() {
    return new NvmeConfig(10_000_000_000L, 2_000_000_000L, 5_000_000_000L, false);
  }

  /** Returns the defaults, but for what the options of a device's URI say. */
  static NvmeConfig of(UriOptions options) {
    NvmeConfig defaults = defaults();
    long millis = options.number(TIMEOUT, defaults.commandNanos / 1_000_000);
    if (millis < 1 || millis > TIMEOUT_MILLIS_MAX) {
      throw new IllegalArgumentException(
          TIMEOUT + " is " + millis + ", needed: 1 to " + TIMEOUT_MILLIS_MAX);
    }
    boolean interrupts = options.flag(INTERRUPTS, defaults.interrupts);
    return new NvmeConfig(millis * 1_000_000, defaults.abortNanos, defaults.adminNanos, interrupts);
  }
}
