// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.bench.Result.Rounds;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Random gets from a store whose data is four times the pool, on a memory file system: the cost of
 * a miss and an eviction. Beside it, what the pool takes meanwhile and what the idle store costs.
 */
final class ColdGetLine implements BenchmarkLine {
  private static final long LOAD_POOL_BYTES = 2L << 30;
  private static final int DATA_TO_POOL = 4;
  private static final int VIRTUAL_THREADS = 1_000;
  private static final double PER_CPU_SECOND_MIN = 140_000;
  private static final double IDLE_CORES_MAX = 0.01;

  /** A thousand ticks of the kernel's CPU clock. */
  private static final long IDLE_NANOS = 10_000_000_000L;

  private static final String ONE = "1 thread";
  private static final String MANY = "1,000 virtual threads";
  private static final String IDLE = "idle";

  @Override
  public String name() {
    return "get-cold";
  }

  @Override
  public List<Result> run(BenchOptions options) throws IOException {
    if (options.fast() == null) {
      return List.of(
          Result.skipped("random get, data 4x the pool", "", "no memory file system here"));
    }
    Rounds rounds = new Rounds();
    int count = options.recordCount();
    long poolBytes = (long) count * Records.RECORD_BYTES / DATA_TO_POOL;
    long residentMax;
    try (StoreFile file = StoreFile.in(options.fast())) {
      file.load(count, LOAD_POOL_BYTES, "random");
      try (WorkerProcess gets = file.gets(count, poolBytes)) {
        measure(gets, options, rounds);
        residentMax = sampleResident(gets, options);
        rounds.add(IDLE, gets.round(IDLE_NANOS, 0));
      }
    }
    return results(count, poolBytes, residentMax, rounds);
  }

  private static void measure(WorkerProcess gets, BenchOptions options, Rounds rounds)
      throws IOException {
    gets.round(options.warmUpNanos(), 1);
    gets.round(options.warmUpNanos(), VIRTUAL_THREADS);
    for (int round = 0; round < options.rounds(); round++) {
      rounds.add(ONE, gets.round(options.roundNanos(), 1));
      rounds.add(MANY, gets.round(options.roundNanos(), VIRTUAL_THREADS));
    }
  }

  /** Watches the pool from outside while it is under pressure. Not timed: it disturbs. */
  private static long sampleResident(WorkerProcess gets, BenchOptions options) throws IOException {
    try (ResidentSampler sampler = ResidentSampler.start(gets.pid())) {
      gets.round(options.roundNanos(), VIRTUAL_THREADS);
      return sampler.residentBytesMax();
    }
  }

  private static List<Result> results(int count, long poolBytes, long residentMax, Rounds rounds) {
    List<Result> results = new ArrayList<>();
    Spread one = Spread.of(rounds.of(ONE), Sample::operationsPerCpuSecond);
    Spread many = Spread.of(rounds.of(MANY), Sample::operationsPerCpuSecond);
    results.add(
        Result.of(
            String.format(
                Locale.ROOT,
                "random get, data 4x the pool, memory file system, %,d records",
                count),
            ">= 140 k per CPU-second, the better of 1 thread and 1,000 virtual threads",
            String.format(
                Locale.ROOT,
                "1 thread %s, %s; 1,000 virtual threads %s, %s",
                Figures.kiloPerCpuSecond(rounds.of(ONE)),
                Figures.kiloPerSecond(rounds.of(ONE)),
                Figures.kiloPerCpuSecond(rounds.of(MANY)),
                Figures.kiloPerSecond(rounds.of(MANY))),
            Math.max(one.median(), many.median()) >= PER_CPU_SECOND_MIN,
            rounds));
    Sample idle = rounds.of(IDLE).getFirst();
    results.add(
        Result.of(
            "idle store",
            "< 1 % of a core",
            String.format(Locale.ROOT, "%.2f %% of a core", idle.cores() * 100),
            idle.cores() < IDLE_CORES_MAX,
            rounds));
    results.add(
        Result.of(
            "resident memory of the pool under pressure",
            "never above the pool limit, " + Figures.mebibytes(poolBytes),
            "at most " + Figures.mebibytes(residentMax),
            residentMax > 0 && residentMax <= poolBytes,
            rounds));
    return results;
  }
}
