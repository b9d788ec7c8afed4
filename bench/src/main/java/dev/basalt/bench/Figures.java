// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.util.List;
import java.util.Locale;

/** Figures of several rounds as text: median, and least to greatest in parentheses. */
final class Figures {
  private Figures() {}

  static String ratio(Spread spread) {
    return text("%.2fx (%.2f-%.2f)", spread, 1);
  }

  static String cpuMicros(List<Sample> samples) {
    return text("%.2f us CPU (%.2f-%.2f)", Spread.of(samples, Sample::cpuNanosPerOperation), 1e3);
  }

  static String kiloPerSecond(List<Sample> samples) {
    return text("%.0f k/s (%.0f-%.0f)", Spread.of(samples, Sample::operationsPerSecond), 1e3);
  }

  static String kiloPerCpuSecond(List<Sample> samples) {
    return text(
        "%.0f k (%.0f-%.0f) per CPU-second",
        Spread.of(samples, Sample::operationsPerCpuSecond), 1e3);
  }

  static String millis(Spread nanos) {
    return text("%.0f ms (%.0f-%.0f)", nanos, 1e6);
  }

  static String mebibytes(long bytes) {
    return String.format(Locale.ROOT, "%.1f MiB", bytes / 1048576.0);
  }

  private static String text(String format, Spread spread, double unit) {
    return String.format(
        Locale.ROOT, format, spread.median() / unit, spread.min() / unit, spread.max() / unit);
  }
}
