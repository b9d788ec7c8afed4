// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.bench.Result.Rounds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * What the way from Java to a driver in C costs: the same loop of reads in Java and in C, in turn,
 * on the reference driver.
 */
final class CrossingLine implements BenchmarkLine {
  private static final int DEPTH = 32;
  private static final double NANOS_MAX = 60;
  private static final String DEVICE = "1MiB";
  private static final String JAVA = "Java";
  private static final String STAGED = "Java, staged";
  private static final String C = "C";
  private static final String BENCHMARK = "driver in C, 4 KiB reads in batches of 32, from memory";
  private static final String WANTED = "<= 60 ns CPU per command above C, 0 bytes allocated";

  @Override
  public String name() {
    return "crossing";
  }

  @Override
  public List<Result> run(BenchOptions options) throws IOException {
    Path directory = Path.of(System.getProperty("basalt.driver.path", ""));
    Path loop = directory.resolve("driver-loop");
    Path driver = directory.resolve("libbasalt_ram.so");
    if (!Files.isExecutable(loop) || !Files.exists(driver)) {
      return List.of(Result.skipped(BENCHMARK, WANTED, "no C compiler on this machine"));
    }
    Rounds rounds = new Rounds();
    try (WorkerProcess java = start(directory, "native-ram:" + DEVICE);
        WorkerProcess staged = start(directory, "native-ram:" + DEVICE + "?pins=true")) {
      java.round(options.warmUpNanos());
      staged.round(options.warmUpNanos());
      for (int round = 0; round < options.rounds(); round++) {
        rounds.add(JAVA, java.round(options.roundNanos()));
        rounds.add(C, CLoop.run(options.roundNanos(), loop, driver, DEVICE, "", DEPTH));
        rounds.add(STAGED, staged.round(options.roundNanos()));
      }
    }
    return List.of(result(rounds));
  }

  private static WorkerProcess start(Path directory, String device) throws IOException {
    return WorkerProcess.start(
        WorkerKind.DRIVER_READS,
        List.of("-Dbasalt.driver.path=" + directory),
        device,
        Integer.toString(DEPTH),
        DriverReads.ANY);
  }

  private static Result result(Rounds rounds) {
    List<Sample> samples = rounds.of(JAVA);
    Spread java = Spread.of(samples, Sample::cpuNanosPerOperation);
    Spread c = Spread.of(rounds.of(C), Sample::cpuNanosPerOperation);
    Spread staged = Spread.of(rounds.of(STAGED), Sample::cpuNanosPerOperation);
    Spread allocated = Spread.of(samples, Sample::allocatedBytesPerOperation);
    double above = java.median() - c.median();
    return Result.of(
        BENCHMARK,
        WANTED,
        String.format(
            Locale.ROOT,
            "%+.0f ns: %.0f ns (%.0f-%.0f), C %.0f ns (%.0f-%.0f), %.3f bytes; staged %.0f ns",
            above,
            java.median(),
            java.min(),
            java.max(),
            c.median(),
            c.min(),
            c.max(),
            allocated.median(),
            staged.median()),
        above <= NANOS_MAX && allocated.median() < 0.01, // what the meter allocates
        rounds);
  }
}
