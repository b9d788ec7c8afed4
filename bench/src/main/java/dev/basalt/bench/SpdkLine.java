// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.bench.Result.Rounds;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads of 4 KiB through SPDK, over vfio-user: by Basalt, and by SPDK's own {@code perf} program,
 * in turn, from SPDK's own target. Both read into memory of SPDK; Basalt then into any as well. The
 * target has the first processor for itself.
 */
final class SpdkLine implements BenchmarkLine {
  private static final int DEPTH = 32;
  private static final double RATIO_MIN = 0.8;
  private static final String BASALT = "Basalt";
  private static final String STAGED = "Basalt, staged";
  private static final String PERF = "perf";
  private static final String NQN = "nqn.2026-01.dev.basalt:bench";
  private static final String BENCHMARK = "SPDK over vfio-user, 4 KiB reads, depth 32";
  private static final String WANTED = "IOPS >= 0.8x SPDK's perf program, 0 bytes allocated";

  /** IOPS, and after other figures, the name of the row. */
  private static final Pattern TOTAL = Pattern.compile("Total\\s*:\\s*([\\d.]+)");

  @Override
  public String name() {
    return "spdk";
  }

  @Override
  public List<Result> run(BenchOptions options) throws IOException {
    Path drivers = Path.of(System.getProperty("basalt.driver.path", ""));
    Path programs = Path.of(System.getenv().getOrDefault("SPDK_DIR", ""), "bin");
    if (!Files.exists(drivers.resolve("libbasalt_spdk.so"))
        || !Files.isExecutable(programs.resolve("nvmf_tgt"))) {
      return List.of(
          Result.skipped(BENCHMARK, WANTED, "no SPDK here, or SPDK_DIR does not name it"));
    }
    if (Runtime.getRuntime().availableProcessors() < 2) {
      return List.of(Result.skipped(BENCHMARK, WANTED, "two processors are needed"));
    }
    Path directory = Files.createTempDirectory("basalt-spdk");
    Process target = startTarget(programs, directory);
    try {
      return List.of(measure(options, drivers, programs, directory));
    } finally {
      target.destroy();
    }
  }

  private static Process startTarget(Path programs, Path directory) throws IOException {
    Path configuration = directory.resolve("target.json");
    Files.writeString(
        configuration,
        """
        {"subsystems": [
          {"subsystem": "iobuf", "config": [{"method": "iobuf_set_options",
            "params": {"small_pool_count": 2048, "large_pool_count": 256}}]},
          {"subsystem": "bdev", "config": [{"method": "bdev_malloc_create",
            "params": {"name": "disk", "num_blocks": 131072, "block_size": 512}}]},
          {"subsystem": "nvmf", "config": [
            {"method": "nvmf_create_transport", "params": {"trtype": "VFIOUSER"}},
            {"method": "nvmf_create_subsystem",
              "params": {"nqn": "%1$s", "allow_any_host": true, "serial_number": "BENCH"}},
            {"method": "nvmf_subsystem_add_ns",
              "params": {"nqn": "%1$s", "namespace": {"bdev_name": "disk"}}},
            {"method": "nvmf_subsystem_add_listener", "params": {"nqn": "%1$s",
              "listen_address": {"trtype": "VFIOUSER", "traddr": "%2$s", "trsvcid": "0"}}}]}]}
        """
            .formatted(NQN, directory));
    Process target =
        new ProcessBuilder(
                programs.resolve("nvmf_tgt").toString(),
                "-m",
                "0x1",
                "-r",
                directory.resolve("rpc").toString(),
                "--disable-cpumask-locks",
                "--no-huge",
                "-s",
                "512",
                "-c",
                configuration.toString())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("log").toFile())
            .start();
    long start = System.nanoTime();
    while (!Files.exists(directory.resolve("cntrl"))) {
      if (!target.isAlive() || System.nanoTime() - start > TimeUnit.MINUTES.toNanos(1)) {
        target.destroyForcibly();
        throw new IOException("nvmf_tgt: " + Files.readString(directory.resolve("log")));
      }
      Thread.onSpinWait();
    }
    return target;
  }

  private static Result measure(BenchOptions options, Path drivers, Path programs, Path directory)
      throws IOException {
    Rounds rounds = new Rounds();
    String device = "spdk:vfio-user://" + directory + "/" + NQN + "/1?no-huge=true";
    for (int round = 0; round < options.rounds(); round++) {
      rounds.add(PERF, perf(programs, directory, options.roundNanos()));
      rounds.add(BASALT, basalt(options, drivers, device, DriverReads.PINNED));
      rounds.add(STAGED, basalt(options, drivers, device, DriverReads.ANY));
    }
    return result(rounds);
  }

  /** In a JVM of its own each time: while one waits its turn it would take the processor's time. */
  private static Sample basalt(BenchOptions options, Path drivers, String device, String memory)
      throws IOException {
    List<String> jvm = new ArrayList<>(DriverReads.OPTIONS);
    jvm.add("-Dbasalt.driver.path=" + drivers);
    try (WorkerProcess worker =
        WorkerProcess.start(
            WorkerKind.DRIVER_READS, jvm, device, Integer.toString(DEPTH), memory, "1")) {
      worker.round(options.warmUpNanos());
      return worker.round(options.roundNanos());
    }
  }

  private static Result result(Rounds rounds) {
    Spread rate = Spread.ofRatios(rounds.of(BASALT), rounds.of(PERF), Sample::operationsPerSecond);
    Spread staged =
        Spread.ofRatios(rounds.of(STAGED), rounds.of(PERF), Sample::operationsPerSecond);
    Spread allocated = Spread.of(rounds.of(BASALT), Sample::allocatedBytesPerOperation);
    return Result.of(
        BENCHMARK,
        WANTED,
        String.format(
            Locale.ROOT,
            "IOPS %s, %.3f bytes; %s, perf %s; with a copy to any memory %s, %s",
            Figures.ratio(rate),
            allocated.median(),
            Figures.kiloPerSecond(rounds.of(BASALT)),
            Figures.kiloPerSecond(rounds.of(PERF)),
            Figures.ratio(staged),
            Figures.kiloPerSecond(rounds.of(STAGED))),
        rate.median() >= RATIO_MIN && allocated.median() < 0.01, // what the meter allocates
        rounds);
  }

  private static Sample perf(Path programs, Path directory, long nanos) throws IOException {
    long seconds = Math.max(1, TimeUnit.NANOSECONDS.toSeconds(nanos));
    List<String> command =
        List.of(
            programs.resolve("spdk_nvme_perf").toString(),
            "--no-huge",
            "-s",
            "256",
            "-c",
            "0x2",
            "-q",
            Integer.toString(DEPTH),
            "-o",
            "4096",
            "-w",
            "randread",
            "-t",
            Long.toString(seconds),
            "-r",
            "trtype:VFIOUSER traddr:" + directory + " subnqn:" + NQN);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    Matcher total = TOTAL.matcher(output);
    if (!total.find()) {
      throw new IOException("spdk_nvme_perf: " + output);
    }
    long operations = Math.round(Double.parseDouble(total.group(1)) * seconds);
    return Sample.of(operations, TimeUnit.SECONDS.toNanos(seconds), Sample.UNKNOWN);
  }
}
