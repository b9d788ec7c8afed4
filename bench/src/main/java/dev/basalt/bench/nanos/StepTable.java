// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench.nanos;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * The table of an operation: steps with nanoseconds that add up to what the process used.
 *
 * <p>The thread that runs the operation is split by its samples; other threads are a row each; what
 * is left of the process is the JVM's own threads.
 */
final class StepTable {
  private static final double ROW_SHARE_MIN = 0.005;

  private final Map<String, Double> rows = new LinkedHashMap<>();
  private final double total;

  /**
   * Makes the table.
   *
   * @param used what a round used
   * @param operations how many operations it ran
   * @param samples of the calling thread, which ran them
   */
  StepTable(ThreadTimes used, long operations, StepSamples samples) {
    total = (double) used.process() / operations;
    String own = Thread.currentThread().getName();
    double left = total;
    for (Map.Entry<String, Long> thread : used.byThread().entrySet()) {
      double nanos = (double) thread.getValue() / operations;
      left -= nanos;
      if (thread.getKey().equals(own)) {
        samples.counts().forEach((step, count) -> rows.put(step, nanos * count / samples.total()));
      } else {
        rows.put("thread " + thread.getKey(), nanos);
      }
    }
    rows.put("threads of the JVM: compiler, collector", left);
  }

  /** Splits a step into a part that was measured alone, and the rest. */
  void split(String step, String part, double nanos, String rest) {
    Double whole = rows.remove(step);
    if (whole != null) {
      rows.merge(part, nanos, Double::sum);
      rows.merge(rest, whole - nanos, Double::sum);
    }
  }

  /** The table in Markdown, the largest first. */
  String text(String title) {
    StringBuilder text = new StringBuilder();
    text.append(String.format(Locale.ROOT, "| %s | ns | |%n| --- | ---: | ---: |%n", title));
    double small = 0;
    for (double nanos : rows.values()) {
      small += Math.abs(nanos) < total * ROW_SHARE_MIN ? nanos : 0;
    }
    rows.entrySet().stream()
        .filter(row -> Math.abs(row.getValue()) >= total * ROW_SHARE_MIN)
        .sorted(Map.Entry.<String, Double>comparingByValue().reversed())
        .forEach(row -> text.append(line(row.getKey(), row.getValue())));
    text.append(line("all below half a percent", small));
    return text.append(line("**total: CPU time of the process**", total)).toString();
  }

  private String line(String name, double nanos) {
    return String.format(
        Locale.ROOT, "| %s | %.0f | %.0f %% |%n", name, nanos, 100 * nanos / total);
  }
}
