// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Runs the comparisons and prints the table: {@code [--quick] [--dir DIRECTORY] [--fast DIRECTORY]
 * [--fio PROGRAM] [--json FILE] [--keys FILE] [--report DIRECTORY] [--only NAME]... [LINE...]}.
 * Exit code 0 when every target was reached or skipped, 1 when one was missed, 2 for a mistake in
 * the arguments.
 */
public final class Bench {
  private static final List<BenchmarkLine> LINES =
      List.of(
          new RawReadLine(),
          new DriverCostLine(),
          new CrossingLine(),
          new XnvmeLine(),
          new SpdkLine(),
          new MemoryGetLine(),
          new ColdGetLine(),
          new LoadLine(),
          new BulkLoadLine(),
          new ContentionLine(),
          new HotSetLine(),
          new MultiGetLine(),
          new PageSizesLine(),
          new PeersLine());

  private boolean quick;
  private Path disk = Path.of("").toAbsolutePath();
  private Path fast = Path.of("/dev/shm");
  private @Nullable Path fio;
  private @Nullable Path json;
  private @Nullable Path keys;
  private @Nullable Path report;
  private final List<String> only = new ArrayList<>();
  private PeerSelection peers = new PeerSelection(Set.of());
  private final List<BenchmarkLine> chosen = new ArrayList<>();

  private Bench() {}

  /**
   * Runs the bench.
   *
   * @param arguments the command line
   * @throws IOException when the results cannot be written
   */
  public static void main(String[] arguments) throws IOException {
    Bench bench = new Bench();
    try {
      bench.parse(arguments);
    } catch (IllegalArgumentException e) {
      System.err.println("bench: " + e.getMessage());
      System.exit(2);
    }
    System.exit(bench.run() ? 0 : 1);
  }

  private void parse(String[] arguments) {
    for (int i = 0; i < arguments.length; i++) {
      switch (arguments[i]) {
        case "--quick" -> quick = true;
        case "--dir" -> disk = path(arguments, ++i);
        case "--fast" -> fast = path(arguments, ++i);
        case "--fio" -> fio = path(arguments, ++i);
        case "--json" -> json = path(arguments, ++i);
        case "--keys" -> keys = path(arguments, ++i);
        case "--report" -> report = path(arguments, ++i);
        case "--only" -> only.add(value(arguments, ++i));
        default -> chosen.add(line(arguments[i]));
      }
    }
    peers = PeerSelection.of(only);
    if (chosen.isEmpty()) {
      LINES.stream().filter(line -> !line.name().equals(PeersLine.NAME)).forEach(chosen::add);
    }
  }

  private static Path path(String[] arguments, int index) {
    return Path.of(value(arguments, index)).toAbsolutePath();
  }

  private static String value(String[] arguments, int index) {
    if (index == arguments.length) {
      throw new IllegalArgumentException(arguments[index - 1] + " needs a value");
    }
    return arguments[index];
  }

  private static BenchmarkLine line(String name) {
    return LINES.stream()
        .filter(line -> line.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "unknown line '"
                        + name
                        + "'; there are "
                        + String.join(", ", LINES.stream().map(BenchmarkLine::name).toList())));
  }

  /** Runs the chosen lines; returns whether no target was missed. */
  private boolean run() throws IOException {
    BenchOptions options =
        new BenchOptions(
            quick,
            disk,
            Files.isDirectory(fast) ? fast : null,
            fio,
            keys,
            report == null ? disk : report,
            peers);
    MachineFacts facts = MachineFacts.read(options);
    facts.lines().forEach((name, value) -> System.out.println(name + ": " + value));
    List<Result> results = new ArrayList<>();
    for (BenchmarkLine line : chosen) {
      for (Result result : measure(line, options)) {
        results.add(result);
        System.out.println();
        System.out.println(result.text());
      }
    }
    System.out.println();
    System.out.println(Result.table(results));
    write(facts, results);
    return results.stream().noneMatch(result -> result.verdict() == Result.Verdict.NO);
  }

  private static List<Result> measure(BenchmarkLine line, BenchOptions options) {
    try {
      return line.run(options);
    } catch (IOException e) {
      e.printStackTrace();
      return List.of(
          new Result(line.name(), "", "failed: " + e.getMessage(), Result.Verdict.NO, Map.of()));
    }
  }

  private void write(MachineFacts facts, List<Result> results) throws IOException {
    if (json != null) {
      new ObjectMapper()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .writeValue(json.toFile(), Map.of("machine", facts, "results", results));
    }
  }
}
