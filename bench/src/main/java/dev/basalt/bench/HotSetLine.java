// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.bench.Result.Rounds;
import java.io.IOException;
import java.util.List;
import java.util.Locale;

/**
 * What becomes of the pages that gets use, with data four times the pool and hot records in half of
 * it: how many of a round of gets need no read after a scan of everything, and how long a store
 * that is opened again needs until nine of ten need none, with the list of hot pages and without
 * it.
 */
final class HotSetLine implements BenchmarkLine {
  private static final long LOAD_POOL_BYTES = 2L << 30;
  private static final int DATA_TO_POOL = 4;
  private static final int WARM_UP_ROUNDS = 4;
  private static final double HITS_MIN = 0.99;
  private static final String HOT = "hot";
  private static final String BEFORE = "gets before";
  private static final String SCAN = "scan";
  private static final String AFTER = "gets after";
  private static final String WARM = "warm";
  private static final String COLD = "cold";

  @Override
  public String name() {
    return "hot-set";
  }

  @Override
  public List<Result> run(BenchOptions options) throws IOException {
    int count = options.recordCount();
    long poolBytes = (long) count * Records.RECORD_BYTES / DATA_TO_POOL;
    Rounds scans = new Rounds();
    Rounds restarts = new Rounds();
    try (StoreFile file = StoreFile.in(options.disk())) {
      file.load(count, LOAD_POOL_BYTES, "random");
      try (WorkerProcess worker = file.open(WorkerKind.POOL_USE, count, poolBytes)) {
        for (int round = 0; round < options.rounds(); round++) {
          scan(worker, scans);
          restarts.add(COLD, reopen(worker, COLD));
          restarts.add(WARM, reopen(worker, WARM));
        }
      }
    }
    return List.of(scans(count, scans), restarts(count, restarts));
  }

  private static void scan(WorkerProcess worker, Rounds rounds) throws IOException {
    warmUp(worker);
    rounds.add(BEFORE, worker.round(0));
    worker.use(SCAN);
    rounds.add(SCAN, worker.round(0));
    worker.use(HOT);
    rounds.add(AFTER, worker.round(0));
  }

  private static Sample reopen(WorkerProcess worker, String how) throws IOException {
    warmUp(worker);
    worker.use(how);
    return worker.round(0);
  }

  private static void warmUp(WorkerProcess worker) throws IOException {
    worker.use(HOT);
    for (int i = 0; i < WARM_UP_ROUNDS; i++) {
      worker.round(0);
    }
  }

  private static Result scans(int count, Rounds rounds) {
    Spread before = Spread.of(rounds.of(BEFORE), HotSetLine::hits);
    Spread after = Spread.of(rounds.of(AFTER), HotSetLine::hits);
    return Result.of(
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
        rounds);
  }

  private static double hits(Sample sample) {
    return 1 - (double) sample.bytes() / sample.operations();
  }

  private static Result restarts(int count, Rounds rounds) {
    Spread warm = Spread.of(rounds.of(WARM), Sample::wallNanos);
    Spread cold = Spread.of(rounds.of(COLD), Sample::wallNanos);
    return Result.of(
        String.format(
            Locale.ROOT,
            "open, then gets until 90 %% need no read, %,d records, 4x the pool",
            count),
        "sooner than without the list of hot pages",
        String.format(
            Locale.ROOT,
            "%s, %d misses; without it %s, %d misses",
            Figures.millis(warm),
            rounds.of(WARM).getLast().bytes(),
            Figures.millis(cold),
            rounds.of(COLD).getLast().bytes()),
        warm.median() < cold.median(),
        rounds);
  }
}
