// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.bench.Result.Rounds;
import java.io.IOException;
import java.util.List;
import java.util.Locale;

/**
 * Ordered records into an empty table, with durability {@code none}: by a bulk load, and by atomic
 * batches beside it; what it costs, what it logs, what space it takes. Each round is a new store.
 */
final class BulkLoadLine implements BenchmarkLine {
  private static final long POOL_BYTES = 2L << 30;
  private static final int ROUNDS = 3;
  private static final double PER_CPU_SECOND_MIN = 2_000_000;
  private static final double SPACE_MAX = 1.2;
  private static final String BULK = "bulk";
  private static final String BATCHES = "batches";

  @Override
  public String name() {
    return "load";
  }

  @Override
  public List<Result> run(BenchOptions options) throws IOException {
    Rounds rounds = new Rounds();
    for (int round = 0; round < ROUNDS; round++) {
      for (String how : List.of(BATCHES, BULK)) {
        try (StoreFile file = StoreFile.in(options.disk())) {
          rounds.add(how, file.load(options.recordCount(), POOL_BYTES, how));
        }
      }
    }
    return List.of(rate(options, rounds), space(options, rounds));
  }

  private static Result rate(BenchOptions options, Rounds rounds) {
    List<Sample> bulk = rounds.of(BULK);
    List<Sample> batches = rounds.of(BATCHES);
    Spread faster = Spread.ofRatios(bulk, batches, Sample::operationsPerCpuSecond);
    return Result.of(
        String.format(Locale.ROOT, "bulk load, %,d records in order", options.recordCount()),
        ">= 2 M per CPU-second",
        String.format(
            Locale.ROOT,
            "%s, %s; %s of batches; log %s, batches %s",
            Figures.kiloPerCpuSecond(bulk),
            Figures.kiloPerSecond(bulk),
            Figures.ratio(faster),
            Figures.mebibytes(bulk.getLast().logBytes()),
            Figures.mebibytes(batches.getLast().logBytes())),
        Spread.of(bulk, Sample::operationsPerCpuSecond).median() >= PER_CPU_SECOND_MIN,
        rounds);
  }

  private static Result space(BenchOptions options, Rounds rounds) {
    double dataBytes = (double) options.recordCount() * Records.RECORD_BYTES;
    Spread ratio = Spread.of(rounds.of(BULK), sample -> sample.bytes() / dataBytes);
    return Result.of(
        String.format(Locale.ROOT, "space of a bulk load of %,d records", options.recordCount()),
        "<= 1.2x of key + value bytes",
        Figures.ratio(ratio) + " without the log, whose size is fixed",
        ratio.median() <= SPACE_MAX,
        rounds);
  }
}
