// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.bench.Result.Rounds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Random gets of one thread with all data in memory, against LMDB; both loaded in random order. */
final class MemoryGetLine implements BenchmarkLine {
  private static final long POOL_BYTES = 2L << 30;
  private static final double PER_CPU_SECOND_MIN = 600_000;
  private static final double LMDB_RATIO_MIN = 1.5;
  private static final String BASALT = "basalt";
  private static final String LMDB = "lmdb";

  @Override
  public String name() {
    return "get-memory";
  }

  @Override
  public List<Result> run(BenchOptions options) throws IOException {
    Rounds rounds = new Rounds();
    int count = options.recordCount();
    Path lmdbDirectory = Files.createTempDirectory(options.disk(), "basalt-bench-lmdb");
    try (StoreFile file = StoreFile.in(options.disk())) {
      file.load(count, POOL_BYTES, "random");
      try (WorkerProcess basalt = file.gets(count, POOL_BYTES);
          WorkerProcess lmdb =
              WorkerProcess.start(
                  WorkerKind.LMDB_GETS,
                  LmdbPeer.JVM_OPTIONS,
                  lmdbDirectory.toString(),
                  Integer.toString(count))) {
        basalt.round(options.warmUpNanos());
        lmdb.round(options.warmUpNanos());
        for (int round = 0; round < options.rounds(); round++) {
          rounds.add(BASALT, basalt.round(options.roundNanos()));
          rounds.add(LMDB, lmdb.round(options.roundNanos()));
        }
      }
    } finally {
      Directories.delete(lmdbDirectory);
    }
    return List.of(result(count, rounds));
  }

  private static Result result(int count, Rounds rounds) {
    List<Sample> basalt = rounds.of(BASALT);
    Spread rate = Spread.of(basalt, Sample::operationsPerCpuSecond);
    Spread ratio = Spread.ofRatios(basalt, rounds.of(LMDB), Sample::operationsPerCpuSecond);
    Spread allocated = Spread.of(basalt, Sample::allocatedBytesPerOperation);
    String measured =
        String.format(
            Locale.ROOT,
            "%s, %s LMDB (%s), %.3f bytes allocated per get, p50 %.2f us, p99 %.2f us",
            Figures.kiloPerCpuSecond(basalt),
            Figures.ratio(ratio),
            Figures.kiloPerCpuSecond(rounds.of(LMDB)),
            allocated.median(),
            Spread.of(basalt, sample -> sample.latency().nanos50()).median() / 1e3,
            Spread.of(basalt, sample -> sample.latency().nanos99()).median() / 1e3);
    boolean reached =
        rate.median() >= PER_CPU_SECOND_MIN
            && ratio.median() >= LMDB_RATIO_MIN
            && allocated.median() < 0.01; // what the meter itself allocates
    return Result.of(
        String.format(Locale.ROOT, "random get, all in memory, %,d records", count),
        ">= 600 k per CPU-second, >= 1.5x LMDB, 0 bytes allocated",
        measured,
        reached,
        rounds);
  }
}
