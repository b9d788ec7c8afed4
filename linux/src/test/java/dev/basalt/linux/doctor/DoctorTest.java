// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.linux.DirectProbe;
import dev.basalt.linux.Errno;
import dev.basalt.linux.host.HostFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class DoctorTest {
  @TempDir private Path root;

  @ParameterizedTest
  @MethodSource("dev.basalt.linux.doctor.FakedHost#all")
  void shouldSayTheRightThingFirst(FakedHost host) {
    Diagnosis diagnosis = Doctor.diagnose(host.make(root));
    Finding first = diagnosis.first();
    assertEquals(host.first(), first == null ? "" : first.name(), diagnosis::toString);
    if (first != null) {
      assertTrue(first.mend().contains(host.mend()), first::toString);
      assertFalse(first.needed().isEmpty(), first::toString);
      assertTrue(first.severity().compareTo(Severity.ADVICE) >= 0, first::toString);
    }
    String uri = diagnosis.choice().uri();
    assertTrue(host.uri().isEmpty() ? uri.isEmpty() : uri.startsWith(host.uri()), uri);
    assertFalse(diagnosis.choice().reason().isBlank());
  }

  @ParameterizedTest
  @MethodSource("dev.basalt.linux.doctor.FakedHost#all")
  void shouldSayWhatWasFoundOnEachLineAndWhatIsNeededWhereSomethingIsToBeDone(FakedHost host) {
    for (Finding finding : Doctor.diagnose(host.make(root)).findings()) {
      assertFalse(finding.found().isBlank(), finding::toString);
      boolean asks = finding.severity().compareTo(Severity.ADVICE) >= 0;
      assertEquals(asks, !finding.needed().isBlank(), finding::toString);
      assertEquals(asks, !finding.mend().isBlank(), finding::toString);
    }
  }

  @Test
  void shouldHaveEnoughHosts() {
    assertTrue(FakedHost.all().size() >= 25);
    assertEquals(
        FakedHost.all().size(),
        FakedHost.all().stream().map(FakedHost::toString).distinct().count());
  }

  @Test
  void shouldSayWhatWouldBeBetter() {
    FakedHost idle = named("an idle device");
    assertEquals(
        "vfio:0000:01:00.0/1, first: basalt device bind 0000:01:00.0",
        Doctor.diagnose(idle.make(root)).choice().better());
  }

  @Test
  void shouldNameADeviceThatNobodyDrives() {
    Diagnosis diagnosis = Doctor.diagnose(named("bound to nothing").make(root));
    assertTrue(
        diagnosis.findings().stream()
            .anyMatch(f -> f.found().equals("0000:01:00.0, no driver, not in use")),
        diagnosis::toString);
  }

  @Test
  void shouldSayForEachBackEndWhyADeviceIsNotForIt() {
    Diagnosis diagnosis = Doctor.diagnose(named("mounted").make(root));
    List<String> details =
        diagnosis.findings().stream()
            .filter(finding -> finding.name().equals("NVMe nvme0"))
            .findFirst()
            .orElseThrow()
            .details();
    assertEquals(
        List.of(
            "vfio: no, nvme0n1 is mounted at /data (ext4): umount /data",
            "spdk: no, SPDK is not installed",
            "nvme-uring, io_uring: no, nvme0n1 is mounted at /data (ext4)",
            "xnvme: no, xNVMe is not installed"),
        details);
  }

  @Test
  void shouldNameTheLibrariesThatAreInstalled() {
    Diagnosis diagnosis = Doctor.diagnose(named("libraries in places of their own").make(root));
    List<String> found =
        diagnosis.findings().stream()
            .filter(f -> f.name().equals("SPDK") || f.name().equals("xNVMe"))
            .map(Finding::found)
            .toList();
    assertEquals(
        List.of(
            "spdk_nvme 18.0 (/opt/spdk/lib/pkgconfig/spdk_nvme.pc)",
            "xnvme 0.7.5 (/opt/xnvme/lib/pkgconfig/xnvme.pc)"),
        found);
  }

  @Test
  void shouldJudgeThisMachineWithoutLeavingATrace() throws IOException {
    DirectProbe probe = DirectProbe.of(root);
    assertTrue(probe.errno() != Errno.ENOENT);
    try (Stream<Path> entries = Files.list(root)) {
      assertEquals(0, entries.count());
    }
    assertEquals(probe, DirectProbe.of(root.resolve("to-be-made")));
    assertFalse(Files.exists(root.resolve("to-be-made")));
    assertEquals(Errno.ENOENT, DirectProbe.of(Path.of("/no/such/place")).errno());
    SystemFacts system = SystemFacts.ofThisProcess(Set.of("io_uring", "file"));
    assertTrue(system.isKernelAtLeast(4, 0));
    Target target = new Target.Place(root + "/", probe);
    Diagnosis diagnosis =
        Doctor.diagnose(HostFacts.read(new HostFiles(Path.of("/")), system, target));
    assertFalse(diagnosis.findings().isEmpty());
  }

  private static FakedHost named(String name) {
    return FakedHost.all().stream()
        .filter(host -> host.toString().equals(name))
        .findFirst()
        .orElseThrow();
  }
}
