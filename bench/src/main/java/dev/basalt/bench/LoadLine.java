// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.bench.Result.Rounds;
import java.io.IOException;
import java.util.List;
import java.util.Locale;

/**
 * Puts of new records from one thread with durability {@code none}, in random order and in order:
 * what they cost and what space they take. Each round is a new store.
 */
final class LoadLine implements BenchmarkLine {
  private static final long POOL_BYTES = 2L << 30;
  private static final int ROUNDS = 3;
  private static final double PER_CPU_SECOND_MIN = 300_000;
  private static final double ORDERED_SPACE_MAX = 1.2;
  private static final double RANDOM_SPACE_MAX = 1.45;
  private static final String RANDOM = "random";
  private static final String ORDERED = "ordered";

  @Override
  public String name() {
    return "put";
  }

  @Override
  public List<Result> run(BenchOptions options) throws IOException {
    Rounds rounds = new Rounds();
    for (int round = 0; round < (options.quick() ? 1 : ROUNDS); round++) {
      rounds.add(RANDOM, load(options, RANDOM));
      rounds.add(ORDERED, load(options, ORDERED));
    }
    return List.of(
        rate(options, rounds),
        space(options, rounds, ORDERED, ORDERED_SPACE_MAX),
        space(options, rounds, RANDOM, RANDOM_SPACE_MAX));
  }

  private static Sample load(BenchOptions options, String order) throws IOException {
    try (StoreFile file = StoreFile.in(options.disk())) {
      return file.load(options.recordCount(), POOL_BYTES, order);
    }
  }

  private static Result rate(BenchOptions options, Rounds rounds) {
    List<Sample> random = rounds.of(RANDOM);
    return Result.of(
        String.format(
            Locale.ROOT, "put, durability none, %,d records at random", options.recordCount()),
        ">= 300 k per CPU-second",
        String.format(
            Locale.ROOT,
            "%s, %s; in order %s",
            Figures.kiloPerCpuSecond(random),
            Figures.kiloPerSecond(random),
            Figures.kiloPerCpuSecond(rounds.of(ORDERED))),
        Spread.of(random, Sample::operationsPerCpuSecond).median() >= PER_CPU_SECOND_MIN,
        rounds);
  }

  private static Result space(BenchOptions options, Rounds rounds, String order, double ratioMax) {
    double dataBytes = (double) options.recordCount() * Records.RECORD_BYTES;
    Spread ratio = Spread.of(rounds.of(order), sample -> sample.bytes() / dataBytes);
    return Result.of(
        String.format(Locale.ROOT, "space of %,d records loaded %s", options.recordCount(), order),
        String.format(Locale.ROOT, "<= %.2fx of key + value bytes", ratioMax),
        Figures.ratio(ratio) + " without the log, whose size is fixed",
        ratio.median() <= ratioMax,
        rounds);
  }
}
