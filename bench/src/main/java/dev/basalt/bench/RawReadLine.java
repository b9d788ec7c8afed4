// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.bench.Result.Rounds;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * 4 KiB random O_DIRECT reads of one file at depth 128, on the disk and on a memory file system: by
 * {@code fio}, through one queue pair, and through the poller from 1,000 virtual threads; the three
 * in turn.
 */
final class RawReadLine implements BenchmarkLine {
  private static final int READ_BYTES = 4096;
  private static final int DEPTH = 128;
  private static final int THREADS = 1_000;
  private static final String FIO = "fio";
  private static final String DIRECT = "queue pair";
  private static final String POLLER = "poller";
  private static final double FIO_CPU_RATIO_MAX = 1.15;
  private static final double FIO_RATE_RATIO_MIN = 0.95;
  private static final double DIRECT_RATE_RATIO_MIN = 0.95;
  private static final double POLLER_CPU_NANOS_MAX = 3_500;

  @Override
  public String name() {
    return "reads";
  }

  @Override
  public List<Result> run(BenchOptions options) throws IOException {
    List<Result> results = new ArrayList<>(runOn("disk", options.disk(), options));
    results.addAll(runOn("memory file system", options.fast(), options));
    return results;
  }

  private static List<Result> runOn(String target, @Nullable Path directory, BenchOptions options)
      throws IOException {
    if (directory == null) {
      return List.of(Result.skipped("4 KiB random reads, " + target, "", "there is none here"));
    }
    Rounds rounds = new Rounds();
    try (DataFile file = DataFile.create(directory, options.fileBytes());
        WorkerProcess reads = start(file)) {
      reads.round(options.warmUpNanos());
      reads.round(options.warmUpNanos(), THREADS);
      for (int round = 0; round < options.rounds(); round++) {
        if (options.fio() != null) {
          Fio fio = new Fio(options.fio());
          rounds.add(FIO, fio.reads(file.path(), READ_BYTES, DEPTH, options.roundNanos()));
        }
        rounds.add(DIRECT, reads.round(options.roundNanos()));
        rounds.add(POLLER, reads.round(options.roundNanos(), THREADS));
      }
    }
    return List.of(againstFio(target, rounds), throughPoller(target, rounds));
  }

  private static WorkerProcess start(DataFile file) throws IOException {
    return WorkerProcess.start(
        WorkerKind.DEVICE_READS,
        List.of(),
        "io_uring:" + file.path(),
        Integer.toString(READ_BYTES),
        Integer.toString(DEPTH));
  }

  private static Result againstFio(String target, Rounds rounds) {
    String benchmark = "4 KiB random reads, one queue pair, depth 128, " + target;
    String wanted = "CPU per I/O <= 1.15x fio, IOPS >= 0.95x fio";
    if (rounds.of(FIO).isEmpty()) {
      return Result.skipped(benchmark, wanted, "no fio on this machine");
    }
    Spread cpu = Spread.ofRatios(rounds.of(DIRECT), rounds.of(FIO), Sample::cpuNanosPerOperation);
    Spread rate = Spread.ofRatios(rounds.of(DIRECT), rounds.of(FIO), Sample::operationsPerSecond);
    String measured =
        "CPU %s, IOPS %s; %s; fio %s"
            .formatted(
                Figures.ratio(cpu),
                Figures.ratio(rate),
                figures(rounds.of(DIRECT)),
                figures(rounds.of(FIO)));
    boolean reached = cpu.median() <= FIO_CPU_RATIO_MAX && rate.median() >= FIO_RATE_RATIO_MIN;
    return Result.of(benchmark, wanted, measured, reached, rounds);
  }

  private static Result throughPoller(String target, Rounds rounds) {
    String benchmark = "the same through the poller, 1,000 virtual threads, " + target;
    Spread cpu = Spread.of(rounds.of(POLLER), Sample::cpuNanosPerOperation);
    Spread rate =
        Spread.ofRatios(rounds.of(POLLER), rounds.of(DIRECT), Sample::operationsPerSecond);
    boolean disk = target.equals("disk");
    String wanted = disk ? "IOPS >= 0.95x the queue pair" : "<= 3.5 us CPU per I/O";
    String measured =
        "IOPS %s the queue pair; %s".formatted(Figures.ratio(rate), figures(rounds.of(POLLER)));
    boolean reached =
        disk ? rate.median() >= DIRECT_RATE_RATIO_MIN : cpu.median() <= POLLER_CPU_NANOS_MAX;
    return Result.of(benchmark, wanted, measured, reached, rounds);
  }

  private static String figures(List<Sample> samples) {
    return Figures.cpuMicros(samples) + ", " + Figures.kiloPerSecond(samples);
  }
}
