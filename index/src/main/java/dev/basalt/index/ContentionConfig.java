// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

/**
 * When a leaf is split because writers get into each other's way; the rule is LeanStore's
 * (docs/decisions/contention-splits.md).
 *
 * @param sampleInterval one of so many updates is looked at; 1 for all, 0 for none: no such splits
 * @param periodUpdates after about so many updates of a leaf it is decided whether to split it
 * @param thresholdPercent it is split when so many of the updates looked at met another writer, and
 *     the last two that did were of different keys
 */
public record ContentionConfig(int sampleInterval, int periodUpdates, int thresholdPercent) {
  /** The largest sample interval. */
  public static final int SAMPLE_INTERVAL_MAX = 1 << 16;

  /** The longest period. */
  public static final int PERIOD_UPDATES_MAX = 1 << 30;

  private static final ContentionConfig DEFAULTS = new ContentionConfig(128, 16_384, 1);

  /** Checks each value against its limits. */
  public ContentionConfig {
    check("contention-sample", sampleInterval, 0, SAMPLE_INTERVAL_MAX);
    check("contention-period", periodUpdates, 1, PERIOD_UPDATES_MAX);
    check("contention-threshold", thresholdPercent, 1, 100);
  }

  /**
   * Returns what is used where nothing is said.
   *
   * @return the defaults
   */
  public static ContentionConfig defaults() {
    return DEFAULTS;
  }

  private static void check(String name, int value, int min, int max) {
    if (value < min || value > max) {
      throw new IllegalArgumentException(name + " is " + value + ", needed: " + min + " to " + max);
    }
  }
}
