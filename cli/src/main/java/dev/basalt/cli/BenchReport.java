// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.HdrHistogram.Histogram;

/** What the benchmark commands have in common: their arguments' ranges, times and percentiles. */
final class BenchReport {
  static final double NANOS_PER_SECOND = 1e9;
  private static final double[] PERCENTILES = {50, 90, 99, 99.9};
  private static final double NANOS_PER_MICRO = 1e3;

  private BenchReport() {}

  /** Refuses an argument outside of its range. */
  static void check(String option, long value, long min, long max) {
    if (value < min || value > max) {
      throw new CommandFailure(
          ExitCode.USAGE, option + " is " + value + ", needed: " + min + " to " + max);
    }
  }

  /** Returns the CPU time of this process. */
  static Duration cpuTime() {
    return ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO);
  }

  /** Returns the names of what {@link #micros} returns. */
  static List<String> names() {
    List<String> names = new ArrayList<>();
    for (double percentile : PERCENTILES) {
      names.add(name(percentile));
    }
    names.add("max");
    return names;
  }

  /** Returns percentiles and the maximum of a histogram of nanoseconds. */
  static List<Double> micros(Histogram latencies) {
    List<Double> micros = new ArrayList<>();
    for (double percentile : PERCENTILES) {
      micros.add(latencies.getValueAtPercentile(percentile) / NANOS_PER_MICRO);
    }
    micros.add(latencies.getMaxValue() / NANOS_PER_MICRO);
    return micros;
  }

  /** Writes a histogram of nanoseconds as fields of the object that is open. */
  static void write(JsonGenerator json, Histogram latencies) throws IOException {
    json.writeNumberField("count", latencies.getTotalCount());
    for (double percentile : PERCENTILES) {
      json.writeNumberField(name(percentile) + "Nanos", latencies.getValueAtPercentile(percentile));
    }
    json.writeNumberField("maxNanos", latencies.getMaxValue());
  }

  private static String name(double percentile) {
    return "p" + Double.toString(percentile).replace(".0", "");
  }
}
