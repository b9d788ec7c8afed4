// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.bench.Result.Rounds;
import java.io.IOException;
import java.util.List;
import java.util.Locale;

/** What the NVMe driver costs, without a device: batches of 32 reads of 4 KiB. */
final class DriverCostLine implements BenchmarkLine {
  private static final int DEPTH = 32;
  private static final double NANOS_MAX = 150;
  private static final String PINNED = "pinned";
  private static final String STAGED = "staged";
  private static final List<String> OPTIONS =
      List.of("--add-exports", "dev.basalt.iostack/dev.basalt.iostack.internal.nvme=ALL-UNNAMED");

  @Override
  public String name() {
    return "driver";
  }

  @Override
  public List<Result> run(BenchOptions options) throws IOException {
    Rounds rounds = new Rounds();
    try (WorkerProcess pinned = start(PINNED);
        WorkerProcess staged = start(STAGED)) {
      pinned.round(options.warmUpNanos());
      staged.round(options.warmUpNanos());
      for (int round = 0; round < options.rounds(); round++) {
        rounds.add(PINNED, pinned.round(options.roundNanos()));
        rounds.add(STAGED, staged.round(options.roundNanos()));
      }
    }
    return List.of(result(rounds));
  }

  private static WorkerProcess start(String memory) throws IOException {
    return WorkerProcess.start(
        WorkerKind.NVME_DRIVER_READS, OPTIONS, Integer.toString(DEPTH), memory);
  }

  private static Result result(Rounds rounds) {
    List<Sample> pinned = rounds.of(PINNED);
    Spread nanos = Spread.of(pinned, Sample::cpuNanosPerOperation);
    Spread allocated = Spread.of(pinned, Sample::allocatedBytesPerOperation);
    Spread staged = Spread.of(rounds.of(STAGED), Sample::cpuNanosPerOperation);
    return Result.of(
        "NVMe driver, 4 KiB reads in batches of 32, a controller that does nothing",
        "<= 150 ns CPU per command, 0 bytes allocated",
        String.format(
            Locale.ROOT,
            "%.0f ns (%.0f-%.0f), %.3f bytes; with a copy to any memory %.0f ns (%.0f-%.0f)",
            nanos.median(),
            nanos.min(),
            nanos.max(),
            allocated.median(),
            staged.median(),
            staged.min(),
            staged.max()),
        nanos.median() <= NANOS_MAX && allocated.median() < 0.01, // what the meter allocates
        rounds);
  }
}
