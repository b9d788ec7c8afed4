// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.bench.PeerPart.Case;
import dev.basalt.bench.PeersReport.Measurement;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Basalt beside what people would take instead, in parts: a process for each store, rounds in turn.
 * A store that fails is left out from then on, and a note says so.
 */
final class PeersLine implements BenchmarkLine {
  static final String NAME = "peers";
  static final String FIO = "fio";
  static final String DEVICE_READS = "device-reads, depth 128";
  private static final int DEVICE_DEPTH = 128;
  private static final int LOAD_ROUNDS = 3;
  private static final int ROUNDS = 5;

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public List<Result> run(BenchOptions options) throws IOException {
    PeersReport report = PeersReport.of(MachineFacts.read(options));
    for (PeerPart part : PeerPart.values()) {
      if (!options.peers().hasPart(part.option())) {
        continue;
      }
      String absence = absence(part, options);
      if (absence != null) {
        note(report, part.option() + " is skipped: " + absence);
        continue;
      }
      try {
        run(part, options, report);
      } catch (IOException e) {
        note(report, part.option() + " was broken off: " + e.getMessage());
      }
    }
    report.targets().addAll(PeerTargets.results(report));
    if (options.peers().hasPart(PeerSelection.CONTENTION)) {
      report.targets().addAll(new ContentionLine().run(options));
    }
    report.notes().forEach(note -> System.out.println("note: " + note));
    PeersPage.write(report, options.report());
    return report.targets();
  }

  private static int rounds(BenchOptions options) {
    return options.quick() ? LOAD_ROUNDS : ROUNDS;
  }

  /** Shorter than those of other lines: there are a hundred of them, and the data is loaded. */
  private static long roundNanos(BenchOptions options) {
    return TimeUnit.MILLISECONDS.toNanos(options.quick() ? 300 : 2_000);
  }

  private static long warmUpNanos(BenchOptions options) {
    return (options.quick() ? 1 : 2) * roundNanos(options);
  }

  private static @Nullable String absence(PeerPart part, BenchOptions options) {
    return switch (part) {
      case KEYS -> options.keys() == null ? "no file of keys (--keys)" : null;
      case COLD_FAST -> options.fast() == null ? "no memory file system here" : null;
      case MEMORY, SYNC, COLD_DISK -> null;
    };
  }

  private static void note(PeersReport report, String note) {
    report.notes().add(note);
    System.out.println("note: " + note);
  }

  private static void run(PeerPart part, BenchOptions options, PeersReport report)
      throws IOException {
    Path place = part.isFast() && options.fast() != null ? options.fast() : options.disk();
    Path directory = Files.createTempDirectory(place, "basalt-bench-peers");
    List<PeerContender> contenders = new ArrayList<>();
    try {
      start(part, options, report, directory, contenders);
      new Rounds(part, options, report, contenders).run();
      runPrograms(part, options, report, directory);
    } finally {
      contenders.forEach(contender -> close(contender, report));
      Directories.delete(directory);
    }
  }

  private static void start(
      PeerPart part,
      BenchOptions options,
      PeersReport report,
      Path directory,
      List<PeerContender> contenders)
      throws IOException {
    Path file = options.keys();
    String keys = part == PeerPart.KEYS && file != null ? file.toString() : NumberKeys.SOURCE;
    for (Peer.Kind kind : part.kinds()) {
      if (!options.peers().hasStore(kind.title())) {
        continue;
      }
      Path own = Files.createDirectory(directory.resolve(kind.title()));
      try {
        contenders.add(PeerContender.start(kind, part, options, own, keys));
      } catch (IOException e) {
        note(report, kind.title() + " is not in " + part.option() + ": " + e.getMessage());
      }
    }
  }

  private static void close(PeerContender contender, PeersReport report) {
    try {
      contender.close();
    } catch (IOException e) {
      note(report, contender.kind().title() + " was not closed: " + e.getMessage());
    }
  }

  /** What is no store in a JVM: after the stores, which are idle then. */
  private static void runPrograms(
      PeerPart part, BenchOptions options, PeersReport report, Path directory) {
    try {
      if (part == PeerPart.MEMORY || part == PeerPart.COLD_FAST) {
        runVmcache(part, options, report, directory);
      }
      if (part == PeerPart.COLD_DISK && options.peers().hasStore(FIO)) {
        runFio(part, options, report, directory);
      }
    } catch (IOException e) {
      note(report, "in " + part.option() + ": " + e.getMessage());
    }
  }

  private static void runVmcache(
      PeerPart part, BenchOptions options, PeersReport report, Path directory) throws IOException {
    Vmcache vmcache = Vmcache.find(System.getenv());
    if (!options.peers().hasStore(Vmcache.NAME)
        || !options.peers().hasActivity(PeerWorkload.READ_UNIFORM.title())) {
      return;
    }
    long cacheBytes = part.cacheBytes(options);
    String refusal = vmcache == null ? Vmcache.absence() : vmcache.refusal(cacheBytes);
    if (vmcache == null || refusal != null) {
      note(report, "vmcache is not in " + part.option() + ": " + refusal);
      return;
    }
    report
        .stores()
        .add(
            new PeersReport.Contestant(
                part.option(), Vmcache.NAME, vmcache.description(), List.of()));
    for (int threads = 1; threads <= 2; threads++) {
      String activity = new Case(PeerWorkload.READ_UNIFORM, threads).title();
      for (Measurement measurement : report.measurements()) {
        if (measurement.part().equals(part.option()) && measurement.activity().equals(activity)) {
          vmcache
              .reads(directory, part.recordCount(options), cacheBytes, threads, options)
              .forEach(sample -> measurement.add(Vmcache.NAME, sample));
          System.out.println(PeersText.table(measurement));
        }
      }
    }
  }

  private static void runFio(
      PeerPart part, BenchOptions options, PeersReport report, Path directory) throws IOException {
    Path program = options.fio();
    if (program == null) {
      note(report, "fio, the limit of the device, is skipped: no fio on this machine");
      return;
    }
    Measurement measurement =
        report.measurement(
            part, DEVICE_READS, "reads of 4 KiB from a file on the disk", options.fileBytes());
    Fio fio = new Fio(program);
    try (DataFile file = DataFile.create(directory, options.fileBytes())) {
      for (int round = 0; round < rounds(options); round++) {
        measurement.add(
            FIO, fio.reads(file.path(), Stores.PAGE_BYTES, DEVICE_DEPTH, options.roundNanos()));
      }
    }
    System.out.println(PeersText.table(measurement));
  }

  /** The rounds of the stores of a part. */
  private static final class Rounds {
    private final PeerPart part;
    private final BenchOptions options;
    private final PeersReport report;
    private final List<PeerContender> contenders;
    private final String conditions;
    private final long dataBytes;

    Rounds(PeerPart part, BenchOptions options, PeersReport report, List<PeerContender> contenders)
        throws IOException {
      this.part = part;
      this.options = options;
      this.report = report;
      this.contenders = contenders;
      Path file = options.keys();
      Keys keys =
          part == PeerPart.KEYS && file != null
              ? Keys.of(file.toString(), part.recordCount(options))
              : new NumberKeys(part.recordCount(options));
      dataBytes = keys.bytes() + (long) keys.count() * Records.VALUE_BYTES;
      conditions =
          String.format(
              Locale.ROOT,
              "%s; %,d records of %d + %d bytes",
              part.title(),
              keys.count(),
              keys.bytes() / keys.count(),
              Records.VALUE_BYTES);
    }

    void run() {
      for (PeerLoad load : part.loads()) {
        if (part.isCold() || isMeasured(load)) {
          each(contender -> contender.warmUp(load, warmUpNanos(options)));
        }
      }
      each(contender -> contender.limit(part.cacheBytes(options)));
      for (PeerContender contender : contenders) {
        report
            .stores()
            .add(
                new PeersReport.Contestant(
                    part.option(),
                    contender.kind().title(),
                    contender.description(),
                    contender.flags()));
      }
      part.loads().forEach(this::load);
      List<Case> cases =
          part.cases().stream()
              .filter(what -> options.peers().hasActivity(what.workload().title()))
              .toList();
      if (!cases.isEmpty()) {
        each(contender -> contender.round(cases.getFirst(), options.warmUpNanos()));
      }
      cases.forEach(this::measure);
    }

    private boolean isMeasured(PeerLoad load) {
      return options.peers().hasActivity(load.title());
    }

    private void load(PeerLoad load) {
      if (!isMeasured(load)) {
        if (load == part.loads().getLast()) {
          each(contender -> contender.load(load));
        }
        return;
      }
      Measurement measurement = report.measurement(part, load.title(), conditions, dataBytes);
      for (int round = 0; round < LOAD_ROUNDS; round++) {
        each(contender -> measurement.add(contender.kind().title(), contender.load(load)));
      }
      System.out.println(PeersText.table(measurement));
    }

    private void measure(Case what) {
      Measurement measurement = report.measurement(part, what.title(), conditions, dataBytes);
      each(contender -> contender.round(what, warmUpNanos(options)));
      for (int round = 0; round < rounds(options); round++) {
        each(
            contender ->
                measurement.add(
                    contender.kind().title(), contender.round(what, roundNanos(options))));
      }
      System.out.println(PeersText.table(measurement));
    }

    /** Does something with each store that has not failed. */
    private void each(Step step) {
      List<PeerContender> failed = new ArrayList<>();
      for (PeerContender contender : contenders) {
        try {
          step.run(contender);
        } catch (IOException e) {
          failed.add(contender);
          note(
              report,
              contender.kind().title() + " failed in " + part.option() + ": " + e.getMessage());
        }
      }
      contenders.removeAll(failed);
      failed.forEach(contender -> close(contender, report));
    }
  }

  /** What is done with a store. */
  @FunctionalInterface
  private interface Step {
    void run(PeerContender contender) throws IOException;
  }
}
