// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import java.util.Locale;

/** Sizes as people write them: {@code 4096}, {@code 64KiB}, {@code 1G}. */
final class ByteSize {
  private static final String UNITS = "KMGT";

  private ByteSize() {}

  /** Parses a whole number with an optional binary unit: K, KB or KiB all mean 1,024. */
  static long parse(String text) {
    String upper = text.trim().toUpperCase(Locale.ROOT);
    String digits = upper.replaceFirst("(I?B|[KMGT](I?B)?)$", "");
    if (!digits.matches("[0-9]{1,18}")) {
      throw new IllegalArgumentException(
          "'" + text + "' is not a size; needed: such as 4096, 64KiB, 512MiB or 1GiB");
    }
    String unit = upper.substring(digits.length());
    int shift = unit.isEmpty() ? 0 : 10 * (UNITS.indexOf(unit.charAt(0)) + 1);
    return Math.multiplyExact(Long.parseLong(digits), 1L << shift);
  }

  /** Prints a size so that {@link #parse} gives it back, with the largest unit that divides it. */
  static String print(long bytes) {
    long value = bytes;
    int unit = 0;
    while (value >= 1024 && value % 1024 == 0 && unit < UNITS.length()) {
      value /= 1024;
      unit++;
    }
    return unit == 0 ? Long.toString(value) : value + UNITS.substring(unit - 1, unit) + "iB";
  }
}
