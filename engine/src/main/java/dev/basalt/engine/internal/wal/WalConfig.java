// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

/**
 * How the log is written.
 *
 * @param intervalNanos the longest time that appended records stay in memory when nobody asks for
 *     them; in mode {@code group} its interval
 * @param checkpointPercent how full the log is, in percent, when a checkpoint is requested
 * @param spaceWaitNanosMax the longest wait for log space
 * @param queueDepth commands of the log writer in flight
 * @param pageWritesAtomic whether the device writes a page atomically, so that no images are needed
 */
public record WalConfig(
    long intervalNanos,
    int checkpointPercent,
    long spaceWaitNanosMax,
    int queueDepth,
    boolean pageWritesAtomic) {

  /** Checks the limits. */
  public WalConfig {
    if (intervalNanos < 0 || spaceWaitNanosMax < 0) {
      throw new IllegalArgumentException("negative time");
    }
    if (checkpointPercent < 1 || checkpointPercent > 99) {
      throw new IllegalArgumentException(
          "checkpointPercent is " + checkpointPercent + ", needed: 1 to 99");
    }
    if (queueDepth < 2) {
      throw new IllegalArgumentException("queueDepth is " + queueDepth + ", needed: 2 or more");
    }
  }

  /**
   * Returns 200 ms, 50 %, 30 s, depth 16, no atomic pages.
   *
   * @return the configuration
   */
  public static WalConfig defaults() {
    return new WalConfig(200_000_000, 50, 30_000_000_000L, 16, false);
  }
}
