// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * A line of the printed table.
 *
 * @param benchmark what was measured
 * @param target what must be reached
 * @param measured the figures with their spread, or why there are none
 * @param verdict whether it was
 * @param samples the rounds of each system
 */
public record Result(
    String benchmark,
    String target,
    String measured,
    Verdict verdict,
    Map<String, List<Sample>> samples) {
  /** Whether a target was reached. */
  public enum Verdict {
    /** Reached. */
    YES,
    /** Not reached. */
    NO,
    /** Not measured here. */
    SKIPPED
  }

  static Result of(
      String benchmark, String target, String measured, boolean reached, Rounds rounds) {
    return new Result(
        benchmark, target, measured, reached ? Verdict.YES : Verdict.NO, rounds.samples());
  }

  static Result skipped(String benchmark, String target, String reason) {
    return new Result(benchmark, target, "skipped: " + reason, Verdict.SKIPPED, Map.of());
  }

  /** A paragraph for people. */
  String text() {
    return benchmark
        + "\n  target:   "
        + target
        + "\n  measured: "
        + measured
        + "\n  reached:  "
        + word();
  }

  /** The table of several results, in Markdown. */
  static String table(List<Result> results) {
    StringBuilder table =
        new StringBuilder(
            "| benchmark | target | measured | reached |\n| --- | --- | --- | --- |\n");
    for (Result result : results) {
      table
          .append("| ")
          .append(
              String.join(" | ", result.benchmark, result.target, result.measured, result.word()))
          .append(" |\n");
    }
    return table.toString();
  }

  /** The verdict in lower case. */
  String word() {
    return verdict.name().toLowerCase(Locale.ROOT);
  }

  /** The samples of the systems that are compared, in rounds. */
  static final class Rounds {
    private final Map<String, List<Sample>> samples = new TreeMap<>();

    void add(String system, Sample sample) {
      samples.computeIfAbsent(system, _ -> new ArrayList<>()).add(sample);
    }

    List<Sample> of(String system) {
      return samples.getOrDefault(system, List.of());
    }

    Map<String, List<Sample>> samples() {
      return samples;
    }
  }
}
