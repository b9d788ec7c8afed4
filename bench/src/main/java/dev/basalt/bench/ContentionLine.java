// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.bench.Result.Rounds;
import dev.basalt.index.ContentionConfig;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Two threads that update two neighbouring records, with and without splits for contention: in a
 * tree alone, where the leaf is what they wait for, and in a store.
 */
final class ContentionLine implements BenchmarkLine {
  private static final int THREADS = 2;
  private static final double RATIO_MIN = 1.5;
  private static final String ON = "on";
  private static final String OFF = "off";

  @Override
  public String name() {
    return "contention";
  }

  @Override
  public List<Result> run(BenchOptions options) throws IOException {
    List<Result> results = new ArrayList<>();
    for (String where : List.of("tree", "store")) {
      results.add(run(options, where));
    }
    return results;
  }

  private static Result run(BenchOptions options, String where) throws IOException {
    Rounds rounds = new Rounds();
    int interval = ContentionConfig.defaults().sampleInterval();
    try (WorkerProcess off = start(where, 0);
        WorkerProcess on = start(where, interval)) {
      off.round(options.warmUpNanos(), THREADS);
      on.round(options.warmUpNanos(), THREADS);
      for (int round = 0; round < options.rounds(); round++) {
        rounds.add(OFF, off.round(options.roundNanos(), THREADS));
        rounds.add(ON, on.round(options.roundNanos(), THREADS));
      }
    }
    Spread ratio = Spread.ofRatios(rounds.of(ON), rounds.of(OFF), Sample::operationsPerSecond);
    return Result.of(
        "updates of two neighbouring records by two threads, " + where,
        ">= 1.5x with contention splits",
        String.format(
            Locale.ROOT,
            "%s: %s, %s, splits: %d; off %s, %s",
            Figures.ratio(ratio),
            Figures.kiloPerSecond(rounds.of(ON)),
            Figures.cpuMicros(rounds.of(ON)),
            rounds.of(ON).getLast().bytes(),
            Figures.kiloPerSecond(rounds.of(OFF)),
            Figures.cpuMicros(rounds.of(OFF))),
        ratio.median() >= RATIO_MIN,
        rounds);
  }

  private static WorkerProcess start(String where, int interval) throws IOException {
    return WorkerProcess.start(
        WorkerKind.HOT_UPDATES, List.of(), where, Integer.toString(interval));
  }
}
