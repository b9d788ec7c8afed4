// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.bench.Result.Rounds;
import java.io.IOException;
import java.util.List;
import java.util.Locale;

/**
 * What a scan of everything leaves of the pages that gets use, with data four times the pool and
 * hot records in half of it: misses of a round of gets before the scan and after it.
 */
final class ScanLine implements BenchmarkLine {
  private static final long LOAD_POOL_BYTES = 2L << 30;
  private static final int DATA_TO_POOL = 4;
  private static final int WARM_UP_ROUNDS = 4;
  private static final double HITS_MIN = 0.99;
  private static final String BEFORE = "gets before";
  private static final String SCAN = "scan";
  private static final String AFTER = "gets after";

  @Override
  public String name() {
    return "scan";
  }

  @Override
  public List<Result> run(BenchOptions options) throws IOException {
    int count = options.recordCount();
    long poolBytes = (long) count * Records.RECORD_BYTES / DATA_TO_POOL;
    Rounds rounds = new Rounds();
    try (StoreFile file = StoreFile.in(options.disk())) {
      file.load(count, LOAD_POOL_BYTES, "random");
      try (WorkerProcess worker = file.open(WorkerKind.POOL_USE, count, poolBytes)) {
        for (int round = 0; round < options.rounds(); round++) {
          measure(worker, rounds);
        }
      }
    }
    Spread before = Spread.of(rounds.of(BEFORE), ScanLine::hits);
    Spread after = Spread.of(rounds.of(AFTER), ScanLine::hits);
    return List.of(
        Result.of(
            String.format(Locale.ROOT, "gets beside a scan of %,d records, 4x the pool", count),
            ">= 99 % of the gets after it without a read",
            String.format(
                Locale.ROOT,
                "%.2f %% before, %.2f %% (%.2f-%.2f) after; scan %s",
                before.median() * 100,
                after.median() * 100,
                after.min() * 100,
                after.max() * 100,
                Figures.kiloPerSecond(rounds.of(SCAN))),
            after.median() >= HITS_MIN,
            rounds));
  }

  private static void measure(WorkerProcess worker, Rounds rounds) throws IOException {
    worker.use("hot");
    for (int i = 0; i < WARM_UP_ROUNDS; i++) {
      worker.round(0);
    }
    rounds.add(BEFORE, worker.round(0));
    worker.use("scan");
    rounds.add(SCAN, worker.round(0));
    worker.use("hot");
    rounds.add(AFTER, worker.round(0));
  }

  private static double hits(Sample sample) {
    return 1 - (double) sample.bytes() / sample.operations();
  }
}
