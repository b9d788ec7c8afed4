// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.bench.Result.Rounds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Reads of 4 KiB of a file through xNVMe: by Basalt, and by a program in C, in turn. */
final class XnvmeLine implements BenchmarkLine {
  private static final int DEPTH = 32;
  private static final double RATIO_MAX = 1.15;
  private static final String ASYNC = "io_uring";
  private static final String BASALT = "Basalt";
  private static final String C = "C";
  private static final String BENCHMARK = "xNVMe (io_uring), 4 KiB reads of a file, depth 32";
  private static final String WANTED = "CPU per command <= 1.15x of a program in C";

  @Override
  public String name() {
    return "xnvme";
  }

  @Override
  public List<Result> run(BenchOptions options) throws IOException {
    Path directory = Path.of(System.getProperty("basalt.driver.path", ""));
    Path loop = directory.resolve("xnvme-loop");
    if (!Files.isExecutable(loop)) {
      return List.of(Result.skipped(BENCHMARK, WANTED, "no xNVMe on this machine"));
    }
    Rounds rounds = new Rounds();
    try (DataFile file = DataFile.create(options.disk(), options.fileBytes());
        WorkerProcess basalt =
            WorkerProcess.start(
                WorkerKind.DRIVER_READS,
                List.of("-Dbasalt.driver.path=" + directory),
                "xnvme:" + file.path() + "?be=" + ASYNC,
                Integer.toString(DEPTH),
                DriverReads.ANY)) {
      basalt.round(options.warmUpNanos());
      for (int round = 0; round < options.rounds(); round++) {
        rounds.add(BASALT, basalt.round(options.roundNanos()));
        rounds.add(C, CLoop.run(options.roundNanos(), loop, file.path(), ASYNC, DEPTH));
      }
    }
    Spread cpu = Spread.ofRatios(rounds.of(BASALT), rounds.of(C), Sample::cpuNanosPerOperation);
    Spread rate = Spread.ofRatios(rounds.of(BASALT), rounds.of(C), Sample::operationsPerSecond);
    Spread allocated = Spread.of(rounds.of(BASALT), Sample::allocatedBytesPerOperation);
    return List.of(
        Result.of(
            BENCHMARK,
            WANTED,
            String.format(
                Locale.ROOT,
                "CPU %s, IOPS %s, %.3f bytes allocated; %s, C %s",
                Figures.ratio(cpu),
                Figures.ratio(rate),
                allocated.median(),
                Figures.cpuMicros(rounds.of(BASALT)),
                Figures.cpuMicros(rounds.of(C))),
            cpu.median() <= RATIO_MAX,
            rounds));
  }
}
