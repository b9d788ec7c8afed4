// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.bench.Result.Rounds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Basalt beside what people would take instead, all data in memory, no commit waited for: a process
 * for each store, rounds in turn, operations per CPU-second of the process.
 */
final class PeersLine implements BenchmarkLine {
  static final String NAME = "peers";
  private static final long CACHE_BYTES = 2L << 30;
  private static final String LOAD = "random load";

  /** lmdbjava reads addresses of direct buffers by reflection. Without its checks it is faster. */
  private static final List<String> OPTIONS =
      List.of(
          "-Xmx4g",
          "--add-opens=java.base/java.nio=ALL-UNNAMED",
          "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
          "--sun-misc-unsafe-memory-access=allow",
          "-Dlmdbjava.disable.checks=true");

  /** What must be reached, as a multiple of each peer's operations per CPU-second. */
  private record Target(String workload, Map<Peer.Kind, Double> factors) {}

  private static final List<Target> TARGETS =
      List.of(
          new Target(LOAD, Map.of(Peer.Kind.LMDB, 3.0, Peer.Kind.ROCKSDB, 3.0)),
          new Target(
              PeerWorkload.READ_UNIFORM.title(),
              Map.of(Peer.Kind.LMDB, 2.0, Peer.Kind.ROCKSDB, 7.0)),
          new Target(PeerWorkload.READ_ZIPF.title(), Map.of(Peer.Kind.LMDB, 2.0)),
          new Target(PeerWorkload.UPDATE_HALF.title(), Map.of(Peer.Kind.ROCKSDB, 5.0)),
          new Target(PeerWorkload.SCAN_UP.title(), Map.of(Peer.Kind.LMDB, 4.0)),
          new Target(PeerWorkload.SCAN_DOWN.title(), Map.of(Peer.Kind.LMDB, 4.0)));

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public List<Result> run(BenchOptions options) throws IOException {
    Path directory = Files.createTempDirectory(options.disk(), "basalt-bench-peers");
    Map<Peer.Kind, WorkerProcess> workers = new EnumMap<>(Peer.Kind.class);
    try {
      Map<String, Rounds> byWorkload = new LinkedHashMap<>();
      for (Peer.Kind kind : Peer.Kind.values()) {
        WorkerProcess worker = start(kind, directory, options.recordCount());
        workers.put(kind, worker);
        byWorkload.computeIfAbsent(LOAD, _ -> new Rounds()).add(kind.name(), worker.round(0));
      }
      for (PeerWorkload workload : PeerWorkload.values()) {
        byWorkload.put(workload.title(), measure(workload, workers, options));
      }
      return results(byWorkload);
    } finally {
      for (WorkerProcess worker : workers.values()) {
        worker.close();
      }
      delete(directory);
    }
  }

  private static WorkerProcess start(Peer.Kind kind, Path directory, int count) throws IOException {
    Path place = Files.createDirectory(directory.resolve(kind.name()));
    return WorkerProcess.start(
        WorkerKind.PEER,
        OPTIONS,
        kind.name(),
        place.toString(),
        Integer.toString(count),
        Long.toString(CACHE_BYTES));
  }

  private static Rounds measure(
      PeerWorkload workload, Map<Peer.Kind, WorkerProcess> workers, BenchOptions options)
      throws IOException {
    Rounds rounds = new Rounds();
    for (WorkerProcess worker : workers.values()) {
      worker.use(workload.name());
      worker.round(options.warmUpNanos());
    }
    for (int round = 0; round < options.rounds(); round++) {
      for (Map.Entry<Peer.Kind, WorkerProcess> worker : workers.entrySet()) {
        rounds.add(worker.getKey().name(), worker.getValue().round(options.roundNanos()));
      }
    }
    return rounds;
  }

  private static List<Result> results(Map<String, Rounds> byWorkload) {
    List<Result> results = new ArrayList<>();
    for (Target target : TARGETS) {
      Rounds rounds = byWorkload.getOrDefault(target.workload, new Rounds());
      List<Sample> ours = rounds.of(Peer.Kind.BASALT.name());
      List<String> wanted = new ArrayList<>();
      List<String> measured = new ArrayList<>();
      measured.add("Basalt " + Figures.kiloPerCpuSecond(ours) + latency(ours));
      boolean isReached = true;
      for (Peer.Kind kind : Peer.Kind.values()) {
        List<Sample> theirs = rounds.of(kind.name());
        if (kind == Peer.Kind.BASALT) {
          continue;
        }
        Spread ratio = Spread.ofRatios(ours, theirs, Sample::operationsPerCpuSecond);
        measured.add(
            Figures.ratio(ratio)
                + " "
                + kind.name().toLowerCase(Locale.ROOT)
                + " ("
                + Figures.kiloPerCpuSecond(theirs)
                + latency(theirs)
                + ")");
        Double factor = target.factors.get(kind);
        if (factor != null) {
          wanted.add(
              String.format(
                  Locale.ROOT, ">= %.1fx %s", factor, kind.name().toLowerCase(Locale.ROOT)));
          isReached &= ratio.median() >= factor;
        }
      }
      results.add(
          Result.of(
              target.workload + ", all in memory",
              String.join(", ", wanted) + ", per CPU-second",
              String.join("; ", measured),
              isReached,
              rounds));
    }
    return results;
  }

  private static String latency(List<Sample> samples) {
    double nanos50 = Spread.of(samples, sample -> sample.latency().nanos50()).median();
    return nanos50 < 0
        ? ""
        : String.format(
            Locale.ROOT,
            ", p50 %.2f us, p99 %.2f us",
            nanos50 / 1e3,
            Spread.of(samples, sample -> sample.latency().nanos99()).median() / 1e3);
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
