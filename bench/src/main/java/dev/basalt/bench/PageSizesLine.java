// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.bench.Result.Rounds;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/**
 * Stores with pages of 4, 8 and 16 KiB side by side: random puts, random gets in memory and with
 * data four times the pool. Whether the default is the right one.
 */
final class PageSizesLine implements BenchmarkLine {
  private static final long LOAD_POOL_BYTES = 2L << 30;
  private static final int DATA_TO_POOL = 4;
  private static final int DEFAULT_BYTES = 4096;
  private static final List<Integer> SIZES = List.of(DEFAULT_BYTES, 8192, 16384);
  private static final double RATIO_MIN = 0.95;

  private static final String PUTS = "puts";
  private static final String IN_MEMORY = "gets in memory";
  private static final String COLD = "gets, data 4x the pool";

  @Override
  public String name() {
    return "page-sizes";
  }

  @Override
  public List<Result> run(BenchOptions options) throws IOException {
    Path directory = options.fast();
    if (directory == null) {
      return List.of(Result.skipped("page sizes", "", "no memory file system here"));
    }
    Rounds rounds = new Rounds();
    List<StoreFile> files = new ArrayList<>();
    try {
      for (int size : SIZES) {
        StoreFile file = StoreFile.in(directory);
        files.add(file);
        List<String> jvm = List.of(Stores.pageBytesOption(size));
        Sample load = file.load(options.recordCount(), LOAD_POOL_BYTES, "random", jvm);
        rounds.add(system(PUTS, size), load);
      }
      measure(files, IN_MEMORY, LOAD_POOL_BYTES, options, rounds);
      long data = (long) options.recordCount() * Records.RECORD_BYTES;
      measure(files, COLD, data / DATA_TO_POOL, options, rounds);
    } finally {
      for (StoreFile file : files) {
        file.close();
      }
    }
    return List.of(result(options.recordCount(), rounds));
  }

  /** Rounds of all sizes in turn. */
  private static void measure(
      List<StoreFile> files, String what, long poolBytes, BenchOptions options, Rounds to)
      throws IOException {
    List<WorkerProcess> workers = new ArrayList<>();
    try {
      for (StoreFile file : files) {
        WorkerProcess worker = file.gets(options.recordCount(), poolBytes);
        workers.add(worker);
        worker.round(options.warmUpNanos());
      }
      for (int round = 0; round < options.rounds(); round++) {
        for (int i = 0; i < SIZES.size(); i++) {
          to.add(system(what, SIZES.get(i)), workers.get(i).round(options.roundNanos()));
        }
      }
    } finally {
      for (WorkerProcess worker : workers) {
        worker.close();
      }
    }
  }

  private static String system(String what, int size) {
    return what + ", " + size / 1024 + " KiB";
  }

  private static Result result(int count, Rounds rounds) {
    boolean reached = true;
    for (int size : SIZES) {
      Spread ratio =
          Spread.ofRatios(
              rounds.of(system(COLD, DEFAULT_BYTES)),
              rounds.of(system(COLD, size)),
              Sample::operationsPerCpuSecond);
      reached &= ratio.median() >= RATIO_MIN;
    }
    double recordBytes = (double) count * Records.RECORD_BYTES;
    String measured =
        String.join(
            "; ",
            inTurn(PUTS, size -> Figures.kiloPerCpuSecond(rounds.of(system(PUTS, size)))),
            inTurn(IN_MEMORY, size -> Figures.kiloPerCpuSecond(rounds.of(system(IN_MEMORY, size)))),
            inTurn(COLD, size -> Figures.kiloPerCpuSecond(rounds.of(system(COLD, size)))),
            inTurn(
                "space",
                size -> {
                  long bytes = rounds.of(system(PUTS, size)).getFirst().bytes();
                  return String.format(Locale.ROOT, "%.2fx", bytes / recordBytes);
                }));
    return Result.of(
        String.format(Locale.ROOT, "pages of 4, 8 and 16 KiB, memory file system, %,d", count),
        "gets with data 4x the pool: the default of 4 KiB >= 0.95x each other",
        measured,
        reached,
        rounds);
  }

  private static String inTurn(String what, Function<Integer, String> figure) {
    List<String> figures = new ArrayList<>();
    for (int size : SIZES) {
      figures.add(figure.apply(size));
    }
    return what + " " + String.join(" / ", figures);
  }
}
