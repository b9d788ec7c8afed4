// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.bench.PeersReport.Measurement;
import dev.basalt.bench.Result.Rounds;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What Basalt is to reach beside its peers, and whether it has. */
final class PeerTargets {
  private static final String BASALT = Peer.Kind.BASALT.title();
  private static final String LMDB = Peer.Kind.LMDB.title();
  private static final String ROCKSDB = Peer.Kind.ROCKSDB.title();
  private static final double ORDERED_SPACE_MAX = 1.20;
  private static final double RANDOM_SPACE_MAX = 1.45;
  private static final String UNIFORM = PeerWorkload.READ_UNIFORM.title();
  private static final String UNIFORM_2 = UNIFORM + ", 2 threads";
  private static final String UNIFORM_MANY = UNIFORM + ", 1,000 virtual threads";
  private static final String HALF = PeerWorkload.UPDATE_HALF.title();
  private static final String HALF_2 = HALF + ", 2 threads";
  private static final String HALF_MANY = HALF + ", 1,000 virtual threads";

  /** What is compared. */
  private enum Figure {
    CPU,
    RATE;

    String title() {
      return this == CPU ? "per CPU-second" : "per second";
    }

    double of(Sample sample) {
      return this == CPU ? sample.operationsPerCpuSecond() : sample.operationsPerSecond();
    }
  }

  /** A store's activity in the same part, and how many times its figure is to be reached. */
  private record Against(String store, String activity, double factor) {
    /** Its name, with the activity where that is another. */
    String title(String ours) {
      return activity.equals(ours) ? store : store + " (" + activity + ")";
    }
  }

  private record Target(PeerPart part, String activity, Figure figure, List<Against> against) {}

  private static final List<Target> TARGETS =
      List.of(
          memory(
              UNIFORM,
              new Against(Vmcache.NAME, UNIFORM, 1.0),
              new Against(LMDB, UNIFORM, 2.0),
              new Against(ROCKSDB, UNIFORM, 7.0)),
          new Target(
              PeerPart.MEMORY, UNIFORM_2, Figure.RATE, List.of(new Against(BASALT, UNIFORM, 1.9))),
          memory(PeerWorkload.READ_ZIPF.title(), LMDB, 2.0),
          // vmcache's program has no updates: its reads stand for them, which cost it as much.
          memory(HALF, new Against(Vmcache.NAME, UNIFORM, 0.75), new Against(ROCKSDB, HALF, 5.0)),
          memory(PeerWorkload.SCAN_UP.title(), LMDB, 4.0),
          memory(PeerWorkload.SCAN_DOWN.title(), LMDB, 4.0),
          memory(
              PeerLoad.RANDOM_LOAD.title(),
              new Against(LMDB, PeerLoad.RANDOM_LOAD.title(), 3.0),
              new Against(ROCKSDB, PeerLoad.RANDOM_LOAD.title(), 3.0)),
          memory(PeerLoad.ORDERED_LOAD.title(), LMDB, 1.0),
          new Target(
              PeerPart.COLD_FAST,
              UNIFORM,
              Figure.CPU,
              List.of(new Against(Vmcache.NAME, UNIFORM, 1.8))),
          new Target(
              PeerPart.COLD_FAST,
              UNIFORM_2,
              Figure.CPU,
              List.of(new Against(Vmcache.NAME, UNIFORM_2, 2.5))),
          new Target(
              PeerPart.COLD_DISK,
              UNIFORM_MANY,
              Figure.RATE,
              List.of(
                  new Against(PeersLine.FIO, PeersLine.DEVICE_READS, 0.9),
                  new Against(LMDB, UNIFORM_2, 2.0))),
          new Target(
              PeerPart.COLD_DISK,
              HALF_MANY,
              Figure.RATE,
              List.of(new Against(LMDB, HALF_2, 2.0), new Against(ROCKSDB, HALF_2, 2.0))));

  private PeerTargets() {}

  private static Target memory(String activity, Against... against) {
    return new Target(PeerPart.MEMORY, activity, Figure.CPU, List.of(against));
  }

  private static Target memory(String activity, String store, double factor) {
    return memory(activity, new Against(store, activity, factor));
  }

  /** The targets whose activity was measured. */
  static List<Result> results(PeersReport report) {
    List<Result> results = new ArrayList<>();
    for (Target target : TARGETS) {
      if (!samples(report, target, BASALT, target.activity).isEmpty()) {
        results.add(result(report, target));
      }
    }
    for (Measurement measurement : report.measurements()) {
      if (measurement.part().equals(PeerPart.MEMORY.option())) {
        addSpace(results, measurement, PeerLoad.ORDERED_LOAD, ORDERED_SPACE_MAX);
        addSpace(results, measurement, PeerLoad.RANDOM_LOAD, RANDOM_SPACE_MAX);
      }
    }
    return results;
  }

  private static List<Sample> samples(
      PeersReport report, Target target, String store, String activity) {
    return report.samples(target.part.option(), activity, store);
  }

  private static Result result(PeersReport report, Target target) {
    Rounds rounds = new Rounds();
    List<Sample> ours = samples(report, target, BASALT, target.activity);
    ours.forEach(sample -> rounds.add(BASALT, sample));
    List<String> wanted = new ArrayList<>();
    List<String> measured = new ArrayList<>();
    measured.add("Basalt " + figures(target.figure, ours));
    boolean isMissed = false;
    boolean isMeasured = false;
    for (Against against : target.against) {
      String name = against.title(target.activity);
      wanted.add(String.format(Locale.ROOT, ">= %.2fx %s", against.factor, name));
      List<Sample> theirs = samples(report, target, against.store, against.activity);
      if (theirs.isEmpty()) {
        measured.add(name + " was not measured");
        continue;
      }
      theirs.forEach(sample -> rounds.add(name, sample));
      Spread ratio = Spread.ofRatios(ours, theirs, target.figure::of);
      measured.add(Figures.ratio(ratio) + " " + name + " (" + figures(target.figure, theirs) + ")");
      isMissed |= ratio.median() < against.factor;
      isMeasured = true;
    }
    return new Result(
        target.activity + ", " + target.part.title(),
        String.join(", ", wanted) + ", " + target.figure.title(),
        String.join("; ", measured),
        isMissed ? Result.Verdict.NO : isMeasured ? Result.Verdict.YES : Result.Verdict.SKIPPED,
        rounds.samples());
  }

  private static String figures(Figure figure, List<Sample> samples) {
    return switch (figure) {
      case CPU -> Figures.kiloPerCpuSecond(samples);
      case RATE -> Figures.kiloPerSecond(samples);
    };
  }

  private static void addSpace(
      List<Result> results, Measurement measurement, PeerLoad load, double ratioMax) {
    List<Sample> ours = measurement.of(BASALT);
    if (!measurement.activity().equals(load.title()) || ours.isEmpty()) {
      return;
    }
    Rounds rounds = new Rounds();
    ours.forEach(sample -> rounds.add(BASALT, sample));
    Spread ratio = Spread.of(ours, sample -> (double) sample.bytes() / measurement.dataBytes());
    results.add(
        Result.of(
            "space after " + load.title(),
            String.format(Locale.ROOT, "<= %.2fx of key + value bytes", ratioMax),
            Figures.ratio(ratio) + " without the log, whose size is fixed",
            ratio.median() <= ratioMax,
            rounds));
  }
}
