// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

/**
 * When a leaf that is about to be evicted is merged with its siblings; the rule is LeanStore's
 * (docs/decisions/xmerge.md).
 *
 * @param siblingsMax with how many siblings at most; 0 for none: no such merges
 * @param belowPercent a leaf is looked at when less than so much of it is in use
 */
public record MergeConfig(int siblingsMax, int belowPercent) {
  /** The most siblings. */
  public static final int SIBLINGS_MAX = 8;

  private static final MergeConfig DEFAULTS = new MergeConfig(5, 90);

  /** Checks each value against its limits. */
  public MergeConfig {
    check("merge-siblings", siblingsMax, 0, SIBLINGS_MAX);
    check("merge-below", belowPercent, 1, 100);
  }

  /**
   * Returns what is used where nothing is said.
   *
   * @return the defaults
   */
  public static MergeConfig defaults() {
    return DEFAULTS;
  }

  /**
   * Tells whether leaves are merged at all.
   *
   * @return false with no siblings
   */
  public boolean isOn() {
    return siblingsMax > 0;
  }

  private static void check(String name, int value, int min, int max) {
    if (value < min || value > max) {
      throw new IllegalArgumentException(name + " is " + value + ", needed: " + min + " to " + max);
    }
  }
}
