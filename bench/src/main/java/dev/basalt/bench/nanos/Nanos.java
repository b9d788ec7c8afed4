// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench.nanos;

import dev.basalt.bench.MachineFacts;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * Prints where the nanoseconds of a get, a put and a miss go: {@code [--quick] [--dir DIRECTORY]
 * [get] [put] [miss]}.
 *
 * <p>An operation is timed in rounds; the table is of the round with the median CPU time. Its split
 * is from samples that are taken after that, so that they slow nothing down. They tell which
 * instruction a thread has come to: time that a load waits for memory counts for the code that
 * loads, now and then for the step after it. Time in the kernel counts for the code that called it.
 */
final class Nanos {
  private static final int BATCH = 1024;
  private static final long SECOND = 1_000_000_000;

  private final boolean isQuick;
  private final Path directory;

  private Nanos(boolean isQuick, Path directory) {
    this.isQuick = isQuick;
    this.directory = directory;
  }

  public static void main(String[] arguments) throws IOException {
    boolean isQuick = false;
    Path directory = Path.of("/dev/shm");
    List<String> chosen = new ArrayList<>();
    for (int i = 0; i < arguments.length; i++) {
      switch (arguments[i]) {
        case "--quick" -> isQuick = true;
        case "--dir" -> directory = Path.of(arguments[++i]);
        default -> chosen.add(arguments[i]);
      }
    }
    MachineFacts.read(directory)
        .lines()
        .forEach((name, value) -> System.out.println(name + ": " + value));
    Nanos nanos = new Nanos(isQuick, directory);
    for (String name : chosen.isEmpty() ? List.of("get", "put", "miss") : chosen) {
      try (SteppedOperation operation = nanos.open(name)) {
        nanos.measure(operation);
      }
    }
  }

  private SteppedOperation open(String name) throws IOException {
    int records = isQuick ? 200_000 : 2_000_000;
    return switch (name) {
      case "get" -> TableOperation.get(directory, records);
      case "put" -> TableOperation.put(directory, records);
      case "miss" -> new MissOperation(directory);
      default -> throw new IllegalArgumentException("no operation '" + name + "'");
    };
  }

  private void measure(SteppedOperation operation) throws IOException {
    long roundNanos = isQuick ? SECOND : 3 * SECOND;
    round(operation::run, 2 * roundNanos);
    List<Round> rounds = new ArrayList<>();
    for (int i = 0; i < (isQuick ? 3 : 7); i++) {
      rounds.add(round(operation::run, roundNanos));
    }
    rounds.sort(Comparator.comparingDouble(Round::nanos));
    Round median = rounds.get(rounds.size() / 2);
    StepSamples samples = new StepSamples(operation.rules());
    samples.take(operation::run, (int) (median.operations * (isQuick ? 2 : 5)));
    if (samples.total() == 0) {
      throw new IOException("the JVM took no samples of CPU time");
    }
    StepTable table = new StepTable(median.used, median.operations, samples);
    StringBuilder alone = new StringBuilder();
    for (SteppedOperation.Part part : operation.parts()) {
      round(part.body(), roundNanos);
      double nanos = round(part.body(), roundNanos).nanos();
      alone.append(String.format(Locale.ROOT, "%s: %.0f ns%n", part.name(), nanos));
      if (part.splits() != null) {
        table.split(part.splits(), part.name(), nanos, part.rest());
      }
    }
    System.out.println();
    System.out.print(table.text(operation.title()));
    System.out.printf(
        Locale.ROOT,
        "%nrounds: %.0f to %.0f ns; %d samples, %d more without a stack%nalone, to compare:%n%s",
        rounds.getFirst().nanos(),
        rounds.getLast().nanos(),
        samples.total(),
        samples.withoutStack(),
        alone);
  }

  /** What a round did, and what it read: nothing is compiled away. */
  private record Round(ThreadTimes used, long operations, long seen) {
    double nanos() {
      return (double) used.process() / operations;
    }
  }

  private static Round round(SteppedOperation.Body body, long nanos) throws IOException {
    ThreadTimes before = ThreadTimes.now();
    long deadline = System.nanoTime() + nanos;
    long operations = 0;
    long seen = 0;
    for (; System.nanoTime() < deadline; operations += BATCH) {
      seen += body.run(BATCH);
    }
    return new Round(ThreadTimes.now().since(before), operations, seen);
  }
}
