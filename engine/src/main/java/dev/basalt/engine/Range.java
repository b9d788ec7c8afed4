// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * An interval of keys in unsigned lexicographic order, for {@link Table#cursor(Range)}.
 *
 * <p>Immutable; the bounds are copied.
 */
public final class Range {
  private static final Range ALL = new Range(null, true, null, true);

  private final byte @Nullable [] low;
  private final boolean lowInclusive;
  private final byte @Nullable [] high;
  private final boolean highInclusive;

  private Range(
      byte @Nullable [] low, boolean lowInclusive, byte @Nullable [] high, boolean highInclusive) {
    this.low = low == null ? null : low.clone();
    this.lowInclusive = lowInclusive;
    this.high = high == null ? null : high.clone();
    this.highInclusive = highInclusive;
  }

  /**
   * Returns the range of all keys.
   *
   * @return the range
   */
  public static Range all() {
    return ALL;
  }

  /**
   * Returns the range of the keys that start with some bytes.
   *
   * @param prefix the first bytes; empty means all keys
   * @return the range
   */
  public static Range prefix(byte[] prefix) {
    return new Range(prefix, true, successorOfPrefix(prefix), false);
  }

  /**
   * Returns the range of the keys from a low to below a high one.
   *
   * @param from the lowest key
   * @param to the key all keys are below
   * @return the range; empty when {@code to} is not above {@code from}
   */
  public static Range fromTo(byte[] from, byte[] to) {
    return new Range(from, true, to, false);
  }

  /**
   * Returns the range of the keys from a low one on.
   *
   * @param from the lowest key
   * @return the range
   */
  public static Range from(byte[] from) {
    return new Range(from, true, null, true);
  }

  /**
   * Returns the range of the keys below a high one.
   *
   * @param to the key all keys are below
   * @return the range
   */
  public static Range to(byte[] to) {
    return new Range(null, true, to, false);
  }

  /**
   * Returns this range without its low bound.
   *
   * @return the keys above {@code from} only
   */
  public Range lowExclusive() {
    return new Range(low, false, high, highInclusive);
  }

  /**
   * Returns this range with its high bound.
   *
   * @return the keys up to and with {@code to}
   */
  public Range highInclusive() {
    return new Range(low, lowInclusive, high, true);
  }

  /**
   * Returns the key at the low end.
   *
   * @return a copy, or null when the range is open there
   */
  public byte @Nullable [] low() {
    return low == null ? null : low.clone();
  }

  /**
   * Returns the key at the high end.
   *
   * @return a copy, or null when the range is open there
   */
  public byte @Nullable [] high() {
    return high == null ? null : high.clone();
  }

  /**
   * Tells whether the low key itself belongs to the range.
   *
   * @return true when it does
   */
  public boolean isLowInclusive() {
    return lowInclusive;
  }

  /**
   * Tells whether the high key itself belongs to the range.
   *
   * @return true when it does
   */
  public boolean isHighInclusive() {
    return highInclusive;
  }

  /**
   * Tells whether a key lies in the range.
   *
   * @param key the key
   * @return true when it does
   */
  public boolean contains(byte[] key) {
    return isAboveLow(key) && isBelowHigh(key);
  }

  private boolean isAboveLow(byte[] key) {
    if (low == null) {
      return true;
    }
    int order = Arrays.compareUnsigned(key, low);
    return order > 0 || order == 0 && lowInclusive;
  }

  private boolean isBelowHigh(byte[] key) {
    if (high == null) {
      return true;
    }
    int order = Arrays.compareUnsigned(key, high);
    return order < 0 || order == 0 && highInclusive;
  }

  /** The shortest key above all keys with the prefix; null when there is none (only 0xff bytes). */
  private static byte @Nullable [] successorOfPrefix(byte[] prefix) {
    int length = prefix.length;
    while (length > 0 && prefix[length - 1] == (byte) 0xff) {
      length--;
    }
    if (length == 0) {
      return null;
    }
    byte[] successor = Arrays.copyOf(prefix, length);
    successor[length - 1]++;
    return successor;
  }
}
