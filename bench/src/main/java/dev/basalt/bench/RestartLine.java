// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.bench.Result.Rounds;
import java.io.IOException;
import java.util.List;
import java.util.Locale;

/**
 * How long a store that is opened again needs until nine of ten gets of hot records need no read,
 * with the list of hot pages and without it. The hot records fill half of the pool.
 */
final class RestartLine implements BenchmarkLine {
  private static final long LOAD_POOL_BYTES = 2L << 30;
  private static final int DATA_TO_POOL = 4;
  private static final int WARM_UP_ROUNDS = 4;
  private static final String WARM = "warm";
  private static final String COLD = "cold";

  @Override
  public String name() {
    return "restart";
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
          rounds.add(COLD, measure(worker, COLD));
          rounds.add(WARM, measure(worker, WARM));
        }
      }
    }
    Spread warm = Spread.of(rounds.of(WARM), sample -> sample.wallNanos() / 1e6);
    Spread cold = Spread.of(rounds.of(COLD), sample -> sample.wallNanos() / 1e6);
    return List.of(
        Result.of(
            String.format(
                Locale.ROOT,
                "open, then gets until 90 %% need no read, %,d records, 4x the pool",
                count),
            "sooner with the list of hot pages, with fewer misses",
            String.format(
                Locale.ROOT,
                "%.0f ms (%.0f-%.0f), %d misses; without it %.0f ms (%.0f-%.0f), %d misses",
                warm.median(),
                warm.min(),
                warm.max(),
                rounds.of(WARM).getLast().bytes(),
                cold.median(),
                cold.min(),
                cold.max(),
                rounds.of(COLD).getLast().bytes()),
            warm.median() < cold.median(),
            rounds));
  }

  /** Makes the hot records hot, then opens the store again. */
  private static Sample measure(WorkerProcess worker, String how) throws IOException {
    worker.use("hot");
    for (int i = 0; i < WARM_UP_ROUNDS; i++) {
      worker.round(0);
    }
    worker.use(how);
    return worker.round(0);
  }
}
