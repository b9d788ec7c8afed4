// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.bench.Result.Rounds;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A hundred random keys by one call against as many gets, by one thread: with data four times the
 * pool on the disk, and with all of it in memory.
 */
final class MultiGetLine implements BenchmarkLine {
  private static final long POOL_BYTES = 2L << 30;
  private static final int DATA_TO_POOL = 4;
  private static final double COLD_RATIO_MIN = 2;
  private static final double MEMORY_RATIO_MIN = 0.9;
  private static final String GETS = "gets";
  private static final String TOGETHER = "together";

  @Override
  public String name() {
    return "multi-get";
  }

  @Override
  public List<Result> run(BenchOptions options) throws IOException {
    int count = options.recordCount();
    long coldBytes = (long) count * Records.RECORD_BYTES / DATA_TO_POOL;
    List<Result> results = new ArrayList<>();
    try (StoreFile file = StoreFile.in(options.disk())) {
      file.load(count, POOL_BYTES, "random");
      results.add(measure(options, file, "data 4x the pool", coldBytes, COLD_RATIO_MIN));
      results.add(measure(options, file, "all in memory", POOL_BYTES, MEMORY_RATIO_MIN));
    }
    return results;
  }

  private static Result measure(
      BenchOptions options, StoreFile file, String what, long poolBytes, double ratioMin)
      throws IOException {
    Rounds rounds = new Rounds();
    try (WorkerProcess worker =
        file.open(WorkerKind.MULTI_GETS, options.recordCount(), poolBytes)) {
      for (String how : List.of(GETS, TOGETHER)) {
        worker.use(how);
        worker.round(options.warmUpNanos());
      }
      for (int round = 0; round < options.rounds(); round++) {
        for (String how : List.of(GETS, TOGETHER)) {
          worker.use(how);
          rounds.add(how, worker.round(options.roundNanos()));
        }
      }
    }
    Spread ratio =
        Spread.ofRatios(rounds.of(TOGETHER), rounds.of(GETS), Sample::operationsPerSecond);
    return Result.of(
        String.format(Locale.ROOT, "%d random keys by one call, %s", MultiGets.TOGETHER, what),
        String.format(Locale.ROOT, ">= %.1fx of single gets", ratioMin),
        String.format(
            Locale.ROOT,
            "%s: %s, %s; single gets %s, %s; %.1f bytes allocated a key",
            Figures.ratio(ratio),
            Figures.kiloPerSecond(rounds.of(TOGETHER)),
            Figures.cpuMicros(rounds.of(TOGETHER)),
            Figures.kiloPerSecond(rounds.of(GETS)),
            Figures.cpuMicros(rounds.of(GETS)),
            rounds.of(TOGETHER).getLast().allocatedBytesPerOperation()),
        ratio.median() >= ratioMin,
        rounds);
  }
}
