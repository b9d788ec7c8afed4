// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Random reads by the program of vmcache (Leis et al., "Virtual-Memory Assisted Buffer Management",
 * SIGMOD 2023), which the variable {@code VMCACHE_BIN} names: as many records as the others have,
 * of the same size, loaded in order. It is told what to do by variables, and prints a line for each
 * second.
 *
 * <p>Its memory limit is a whole number of GiB. {@code VMCACHE_GB_BYTES} says of how many bytes,
 * for a program that was built with another unit.
 */
final class Vmcache {
  static final String NAME = "vmcache";
  private static final String PROGRAM_VARIABLE = "VMCACHE_BIN";
  private static final String UNIT_VARIABLE = "VMCACHE_GB_BYTES";
  private static final long VIRTUAL_BYTES = 16L << 30;
  private static final long NANOS_PER_TICK = 10_000_000; // USER_HZ is 100 on all of Linux
  private static final int UTIME = 11; // in stat, behind the command and its parenthesis

  private final Path program;
  private final long unitBytes;

  private Vmcache(Path program, long unitBytes) {
    this.program = program;
    this.unitBytes = unitBytes;
  }

  /**
   * Finds the program; null where none is named.
   *
   * @throws IOException when the unit of its limit is no number
   */
  static @Nullable Vmcache find(Map<String, String> environment) throws IOException {
    String program = environment.get(PROGRAM_VARIABLE);
    if (program == null || !Files.isExecutable(Path.of(program))) {
      return null;
    }
    String unit = environment.getOrDefault(UNIT_VARIABLE, Long.toString(1L << 30));
    if (!unit.matches("[1-9]\\d{0,17}")) {
      throw new IOException(UNIT_VARIABLE + " is '" + unit + "', needed: a number of bytes");
    }
    return new Vmcache(Path.of(program).toAbsolutePath(), Long.parseLong(unit));
  }

  /** Why there is none. */
  static String absence() {
    return PROGRAM_VARIABLE + " names no program";
  }

  /** How it is run. */
  String description() {
    return "vmcache, its RNDREAD mode, limit in units of "
        + Figures.mebibytes(unitBytes)
        + "; keys are a counter, loaded in order; operations are not timed; no log, no checksums";
  }

  /** Why it cannot have such a memory limit; null where it can. */
  @Nullable String refusal(long cacheBytes) {
    return cacheBytes >= unitBytes
        ? null
        : "its limit is at least "
            + Figures.mebibytes(unitBytes)
            + ", not "
            + Figures.mebibytes(cacheBytes)
            + "; "
            + UNIT_VARIABLE
            + " names the unit of a program built with a smaller one";
  }

  /** Reads at random after a load; a sample for each round. */
  List<Sample> reads(Path directory, int count, long cacheBytes, int threads, BenchOptions options)
      throws IOException {
    int warmUpSeconds = seconds(options.warmUpNanos());
    int roundSeconds = seconds(options.roundNanos());
    int lines = warmUpSeconds + options.rounds() * roundSeconds;
    Path file = Files.createTempFile(directory, "basalt-bench", ".vmcache");
    ProcessBuilder builder = new ProcessBuilder(program.toString());
    builder
        .environment()
        .putAll(
            Map.of(
                "BLOCK", file.toString(),
                "VIRTGB", Long.toString(VIRTUAL_BYTES / unitBytes),
                "PHYSGB", Long.toString(cacheBytes / unitBytes),
                "THREADS", Integer.toString(threads),
                "DATASIZE", Integer.toString(count),
                "RUNFOR", Integer.toString(lines + 1), // so that it is there after the last
                "RNDREAD", "1"));
    builder.redirectError(ProcessBuilder.Redirect.DISCARD);
    Process process = builder.start();
    try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
      output.readLine(); // the names of the columns, when the load is over
      skip(output, warmUpSeconds);
      List<Sample> samples = new ArrayList<>();
      for (int round = 0; round < options.rounds(); round++) {
        samples.add(round(process, output, roundSeconds));
      }
      return samples;
    } finally {
      process.destroyForcibly().onExit().join();
      Files.delete(file);
    }
  }

  private static int seconds(long nanos) {
    return (int) Math.max(1, TimeUnit.NANOSECONDS.toSeconds(nanos));
  }

  private static void skip(BufferedReader output, int lines) throws IOException {
    for (int i = 0; i < lines; i++) {
      output.readLine();
    }
  }

  private static Sample round(Process process, BufferedReader output, int seconds)
      throws IOException {
    Path files = Path.of("/proc", Long.toString(process.pid()));
    Usage before = Usage.of(files);
    long cpuNanos = cpuNanos(Files.readString(files.resolve("stat")));
    long start = System.nanoTime();
    long operations = 0;
    for (int i = 0; i < seconds; i++) {
      operations += operations(output.readLine());
    }
    long wallNanos = System.nanoTime() - start;
    cpuNanos = cpuNanos(Files.readString(files.resolve("stat"))) - cpuNanos;
    return Sample.of(operations, wallNanos, cpuNanos).withUsage(Usage.of(files).since(before));
  }

  /** The second column of a line: second, operations, MiB read, MiB written and so on. */
  static long operations(@Nullable String line) throws IOException {
    String[] columns = line == null ? new String[0] : line.split(",", -1);
    if (columns.length < 4) {
      throw new IOException("vmcache: " + line);
    }
    return Long.parseLong(columns[1]);
  }

  /** User and system time in a line of proc(5), stat. */
  static long cpuNanos(String stat) {
    long[] fields =
        Stream.of(stat.substring(stat.lastIndexOf(')') + 2).strip().split(" ", -1))
            .skip(UTIME)
            .limit(2)
            .mapToLong(Long::parseLong)
            .toArray();
    return (fields[0] + fields[1]) * NANOS_PER_TICK;
  }
}
