// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.basalt.bench.PeersReport.Measurement;
import dev.basalt.bench.Result.Verdict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PeersReportTest {
  private static final String UNIFORM = "read-uniform";

  @TempDir private Path directory;

  private final PeersReport report =
      PeersReport.of(
          new MachineFacts("CPU </script>", "1 kB", "Linux", "JDK", List.of("/ (ext4)"), "0.1"));

  @Test
  void shouldReachATargetOnlyWhenItIsReachedForEachPeer() {
    Measurement measurement = measurement(PeerPart.MEMORY, UNIFORM);
    add(measurement, "basalt", 1_000_000);
    add(measurement, "vmcache", 1_000_000);
    add(measurement, "lmdb", 500_000);
    add(measurement, "rocksdb", 100_000);
    assertEquals(Verdict.YES, onlyTarget().verdict());
    measurement.samples().clear();
    add(measurement, "basalt", 1_000_000);
    add(measurement, "lmdb", 500_001);
    assertEquals(Verdict.NO, onlyTarget().verdict());
  }

  @Test
  void shouldSayWhichPeerWasNotMeasured() {
    Measurement measurement = measurement(PeerPart.MEMORY, UNIFORM);
    add(measurement, "basalt", 1_000_000);
    assertEquals(Verdict.SKIPPED, onlyTarget().verdict());
    add(measurement, "lmdb", 400_000);
    assertEquals(Verdict.YES, onlyTarget().verdict());
    String measured = onlyTarget().measured();
    assertTrue(measured.contains("2.50x (2.50-2.50) lmdb"), measured);
    assertTrue(measured.contains("vmcache was not measured"), measured);
  }

  @Test
  void shouldCompareUpdatesWithReadsOfAProgramThatHasNone() {
    add(measurement(PeerPart.MEMORY, UNIFORM), "vmcache", 1_000_000);
    add(measurement(PeerPart.MEMORY, "update-half"), "basalt", 700_000);
    Result target = onlyTarget();
    assertEquals(Verdict.NO, target.verdict());
    assertTrue(target.measured().contains("0.70x (0.70-0.70) vmcache (read-uniform)"));
  }

  @Test
  void shouldCompareManyThreadsWithTwoOfOthersAndTheDevice() {
    Measurement many = measurement(PeerPart.COLD_DISK, UNIFORM + ", 1,000 virtual threads");
    add(many, "basalt", 90_000);
    add(many, "lmdb", 1_000_000); // not what counts
    add(measurement(PeerPart.COLD_DISK, UNIFORM + ", 2 threads"), "lmdb", 45_000);
    add(measurement(PeerPart.COLD_DISK, PeersLine.DEVICE_READS), "fio", 100_000);
    assertEquals(Verdict.YES, onlyTarget().verdict());
  }

  @Test
  void shouldJudgeSpaceByTheBytesOfTheRecords() {
    Measurement load = measurement(PeerPart.MEMORY, "random-load");
    load.add("basalt", Sample.of(1, 1, 1).withBytes(1_460, 0));
    Result space = PeerTargets.results(report).getLast();
    assertEquals("space after random-load", space.benchmark());
    assertEquals(Verdict.NO, space.verdict());
  }

  /** Each target of the table is found when all that it names was measured. */
  @Test
  void shouldHaveEachTargetMeasuredByAPart() {
    for (PeerPart part : PeerPart.values()) {
      for (PeerLoad load : part.loads()) {
        fill(part, load.title());
      }
      for (PeerPart.Case what : part.cases()) {
        fill(part, what.title());
      }
    }
    fill(PeerPart.COLD_DISK, PeersLine.DEVICE_READS);
    List<Result> results = PeerTargets.results(report);
    assertEquals(14, results.size());
    for (Result result : results) {
      assertFalse(result.measured().contains("not measured"), result.text());
    }
  }

  @Test
  void shouldCountBytesOfTheDeviceOrWhatTheStoreSays() {
    Usage usage = new Usage(new Traffic(10, 20), new Traffic(30, 40), null, 1 << 20, 2 << 20);
    Sample sample = Sample.of(10, 1_000, 1_000).withUsage(usage);
    assertEquals(new Traffic(10, 20), PeersText.traffic(sample, true));
    assertEquals(new Traffic(30, 40), PeersText.traffic(sample, false));
    Traffic own = new Traffic(50, 60);
    assertEquals(own, PeersText.traffic(sample.withUsage(usage.withStore(own)), false));
  }

  @Test
  void shouldPrintMediansAndSpreads() {
    Measurement measurement = measurement(PeerPart.MEMORY, UNIFORM);
    for (int cpuNanos : new int[] {1_000_000, 2_000_000, 4_000_000}) {
      measurement.add(
          "basalt",
          Sample.of(1_000, 1_000_000, cpuNanos)
              .withLatency(new Latency(1_000, 2_000, 3_000))
              .withUsage(
                  new Usage(new Traffic(4_096_000, 0), new Traffic(0, 0), null, 3 << 20, 5 << 20)));
    }
    assertEquals(
        List.of(
            "basalt",
            "500 (250-1000)",
            "1000 (1000-1000)",
            "1.00 (1.00-1.00)",
            "2.00 (2.00-2.00)",
            "3.00 (3.00-3.00)",
            "4096",
            "0",
            "-",
            "3",
            "5"),
        PeersText.row("basalt", measurement));
    assertEquals(
        PeersText.columns(measurement).size(), PeersText.row("basalt", measurement).size());
  }

  @Test
  void shouldWriteAPageThatNeedsNothingElse() throws IOException {
    Measurement measurement = measurement(PeerPart.MEMORY, UNIFORM);
    add(measurement, "basalt", 1_000_000);
    report.notes().add("a note with </script> in it");
    report.targets().addAll(PeerTargets.results(report));
    PeersPage.write(report, directory.resolve("new"));
    String page = Files.readString(directory.resolve("new/peers.html"));
    assertFalse(page.contains("/*DATA*/"));
    assertFalse(page.contains("/*CHARTS*/"));
    assertFalse(page.contains("<link"));
    assertFalse(page.contains("src="));
    assertEquals(2, page.split("</script>", -1).length - 1);
    assertTrue(page.contains("a note with \\u003c/script> in it"));
    JsonNode json = new ObjectMapper().readTree(directory.resolve("new/peers.json").toFile());
    assertEquals(UNIFORM, json.at("/measurements/0/activity").asText());
    assertEquals(1_000_000, json.at("/measurements/0/samples/basalt/0/operations").asLong());
  }

  private Result onlyTarget() {
    List<Result> results = PeerTargets.results(report);
    assertEquals(1, results.size());
    return results.getFirst();
  }

  private Measurement measurement(PeerPart part, String activity) {
    return report.measurement(part, activity, "conditions", 1_000);
  }

  private void fill(PeerPart part, String activity) {
    Measurement measurement = measurement(part, activity);
    for (String store : List.of("basalt", "lmdb", "rocksdb", "vmcache", "fio")) {
      add(measurement, store, 1_000);
    }
  }

  /** A round of one second of wall and CPU time. */
  private static void add(Measurement measurement, String store, long operations) {
    measurement.add(store, Sample.of(operations, 1_000_000_000, 1_000_000_000));
  }
}
