// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.basalt.cli.bench.Mix;
import dev.basalt.cli.bench.Operation;
import dev.basalt.cli.bench.Workload;
import dev.basalt.engine.Cursor;
import dev.basalt.engine.Range;
import dev.basalt.engine.Store;
import dev.basalt.engine.Table;
import java.io.IOException;
import java.time.Duration;
import java.util.Locale;
import org.HdrHistogram.Histogram;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures a mixed workload. */
@Command(
    name = "bench",
    description = {
      "Measures a mix of random operations; prints rates and latencies.",
      "Uses a table of its own, filled with --records records when it is empty.",
    },
    mixinStandardHelpOptions = true)
final class BenchCommand extends StoreCommand {
  @Option(
      names = "--records",
      paramLabel = "N",
      defaultValue = "1000000",
      description = "Records to fill an empty table with (default: ${DEFAULT-VALUE}).")
  private long recordCount;

  @Option(
      names = "--value-size",
      paramLabel = "BYTES",
      defaultValue = "120",
      description = "Length of the values (default: ${DEFAULT-VALUE}).")
  private int valueBytes;

  @Option(
      names = "--mix",
      paramLabel = "MIX",
      defaultValue = "read=95,update=5",
      description = "Shares of read, update, insert and scan (default: ${DEFAULT-VALUE}).")
  private String mix = "";

  @Option(names = "--threads", paramLabel = "N", description = "Threads (default: the CPUs).")
  private int threadCount = Runtime.getRuntime().availableProcessors();

  @Option(names = "--virtual", description = "Use virtual threads.")
  private boolean virtual;

  @Option(
      names = "--seconds",
      paramLabel = "N",
      defaultValue = "10",
      description = "How long to measure (default: ${DEFAULT-VALUE}); a fifth of it warms up.")
  private int seconds;

  @Override
  public Integer call() throws InterruptedException {
    BenchReport.check("--records", recordCount, 1, Long.MAX_VALUE);
    BenchReport.check("--value-size", valueBytes, 0, Table.VALUE_BYTES_MAX);
    BenchReport.check("--threads", threadCount, 1, 100_000);
    BenchReport.check("--seconds", seconds, 1, 1_000_000);
    Mix operations = Mix.parse(mix);
    try (Store store = options.openOrCreate()) {
      Table table = store.table(options.isTableNamed() ? options.tableName() : "bench");
      long present = fill(table);
      new Workload(table, present, valueBytes)
          .run(operations, threadCount, virtual, Duration.ofMillis(seconds * 200L));
      Workload measured = new Workload(table, present, valueBytes);
      long startNanos = System.nanoTime();
      Duration cpuBefore = BenchReport.cpuTime();
      measured.run(operations, threadCount, virtual, Duration.ofSeconds(seconds));
      double cpuSeconds =
          BenchReport.cpuTime().minus(cpuBefore).toNanos() / BenchReport.NANOS_PER_SECOND;
      report(measured, (System.nanoTime() - startNanos) / BenchReport.NANOS_PER_SECOND, cpuSeconds);
    }
    return ExitCode.DONE;
  }

  /** Fills the table when it is empty; returns how many records it has. */
  private long fill(Table table) {
    try (Cursor cursor = table.cursor(Range.all())) {
      if (cursor.previous()) {
        byte[] last = cursor.key();
        if (last.length != Long.BYTES) {
          throw new CommandFailure(
              ExitCode.USAGE,
              "table '" + table.name() + "' holds other records; name an empty one with --table");
        }
        return java.nio.ByteBuffer.wrap(last).getLong() + 1;
      }
    }
    return table.bulkLoad(Workload.records(recordCount, valueBytes));
  }

  private void report(Workload measured, double wallSeconds, double cpuSeconds) {
    if (options.isJson()) {
      out().json(json -> writeJson(json, measured, wallSeconds, cpuSeconds));
      return;
    }
    out()
        .format(
            "%-8s %14s %14s %10s %10s %10s %10s %10s",
            "", "operations", "per second", "p50 us", "p90 us", "p99 us", "p99.9 us", "max us");
    long total = 0;
    for (Operation operation : Operation.values()) {
      Histogram latencies = measured.latencies(operation);
      total += latencies.getTotalCount();
      if (latencies.getTotalCount() > 0) {
        out().line(row(operation, latencies, wallSeconds));
      }
    }
    out()
        .format(
            "all      %,14d %,14.0f     %.1f s, %.1f s of CPU, %,.0f operations per CPU-second",
            total,
            total / wallSeconds,
            wallSeconds,
            cpuSeconds,
            total / Math.max(cpuSeconds, 0.01));
  }

  private static String row(Operation operation, Histogram latencies, double wallSeconds) {
    StringBuilder row = new StringBuilder();
    row.append(
        String.format(
            Locale.ROOT,
            "%-8s %,14d %,14.0f",
            operation.name().toLowerCase(Locale.ROOT),
            latencies.getTotalCount(),
            latencies.getTotalCount() / wallSeconds));
    for (double micros : BenchReport.micros(latencies)) {
      row.append(String.format(Locale.ROOT, " %,10.1f", micros));
    }
    return row.toString();
  }

  private void writeJson(
      JsonGenerator json, Workload measured, double wallSeconds, double cpuSeconds)
      throws IOException {
    json.writeStartObject();
    json.writeNumberField("threads", threadCount);
    json.writeNumberField("wallSeconds", wallSeconds);
    json.writeNumberField("cpuSeconds", cpuSeconds);
    json.writeObjectFieldStart("operations");
    for (Operation operation : Operation.values()) {
      Histogram latencies = measured.latencies(operation);
      if (latencies.getTotalCount() > 0) {
        json.writeObjectFieldStart(operation.name().toLowerCase(Locale.ROOT));
        BenchReport.write(json, latencies);
        json.writeEndObject();
      }
    }
    json.writeEndObject();
    json.writeEndObject();
  }
}
