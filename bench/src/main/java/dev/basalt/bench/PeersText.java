// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.bench.PeersReport.Measurement;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** A measurement as a table for people: medians, and least to greatest of the rounds. */
final class PeersText {
  private static final String NONE = "-";

  private PeersText() {}

  /** The heads of the columns. */
  static List<String> columns(Measurement measurement) {
    String bytes = measurement.isOnDevice() ? "of the device" : "by calls or the store's count";
    return List.of(
        "store",
        "k per CPU-second",
        "k per second",
        "p50 us",
        "p99 us",
        "p99.9 us",
        "bytes read per operation (" + bytes + ")",
        "written",
        "space",
        "resident MiB",
        "at most");
  }

  /** The cells of a store's row. */
  static List<String> row(String store, Measurement measurement) {
    List<Sample> samples = measurement.of(store);
    boolean isOnDevice = measurement.isOnDevice();
    return List.of(
        store,
        spread(samples, sample -> sample.operationsPerCpuSecond() / 1e3, "%.0f"),
        spread(samples, sample -> sample.operationsPerSecond() / 1e3, "%.0f"),
        micros(samples, Latency::nanos50),
        micros(samples, Latency::nanos99),
        micros(samples, Latency::nanos999),
        bytes(samples, isOnDevice, Traffic::readBytes),
        bytes(samples, isOnDevice, Traffic::writtenBytes),
        samples.getLast().bytes() <= 0
            ? NONE
            : spread(samples, sample -> sample.bytes() / (double) measurement.dataBytes(), "%.2fx"),
        mebibytes(samples.getLast(), Usage::residentBytes),
        mebibytes(samples.getLast(), Usage::residentBytesMax));
  }

  /** A Markdown table under a headline. */
  static String table(Measurement measurement) {
    StringBuilder text =
        new StringBuilder(measurement.activity())
            .append(" (")
            .append(measurement.conditions())
            .append(")\n");
    List<String> columns = columns(measurement);
    text.append(line(columns));
    text.append("| --- ".repeat(columns.size())).append("|\n");
    measurement.samples().keySet().forEach(store -> text.append(line(row(store, measurement))));
    return text.toString();
  }

  private static String line(List<String> cells) {
    return "| " + String.join(" | ", cells) + " |\n";
  }

  private static String spread(
      List<Sample> samples, ToDoubleFunction<Sample> figure, String format) {
    Spread spread = Spread.of(samples, figure);
    return String.format(
        Locale.ROOT,
        format + " (" + format + "-" + format + ")",
        spread.median(),
        spread.min(),
        spread.max());
  }

  private static String micros(List<Sample> samples, ToDoubleFunction<Latency> figure) {
    return samples.getLast().latency().equals(Latency.UNKNOWN)
        ? NONE
        : spread(samples, sample -> figure.applyAsDouble(sample.latency()) / 1e3, "%.2f");
  }

  private static String bytes(
      List<Sample> samples, boolean isOnDevice, ToDoubleFunction<Traffic> figure) {
    double[] bytes =
        samples.stream()
            .filter(sample -> traffic(sample, isOnDevice) != null)
            .mapToDouble(
                sample -> figure.applyAsDouble(traffic(sample, isOnDevice)) / sample.operations())
            .toArray();
    return bytes.length == 0 ? NONE : String.format(Locale.ROOT, "%.0f", Spread.of(bytes).median());
  }

  /** On a device what that moved; in memory what the store counts, or what went through calls. */
  static @Nullable Traffic traffic(Sample sample, boolean isOnDevice) {
    Usage usage = sample.usage();
    if (usage == null || isOnDevice) {
      return usage == null ? null : usage.device();
    }
    return usage.store() == null ? usage.calls() : usage.store();
  }

  private static String mebibytes(Sample sample, ToDoubleFunction<Usage> figure) {
    Usage usage = sample.usage();
    return usage == null
        ? NONE
        : String.format(Locale.ROOT, "%.0f", figure.applyAsDouble(usage) / 1048576);
  }
}
