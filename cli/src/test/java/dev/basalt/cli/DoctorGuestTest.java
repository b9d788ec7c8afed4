// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Each line of the doctor's page in the guest machine, against what {@code scripts/guest/machine}
 * made it of and what the kernel says; and whether what it calls best can be used.
 */
@Tag("guest")
class DoctorGuestTest {
  /** The best back end for a namespace that the kernel's driver has, before its number. */
  private static final String BEST_WITH_KERNEL = "nvme-uring:/dev/ng";

  /** Where there are drivers in C they may be used, after a bind as vfio or at once. */
  private static final String IN_C =
      "(spdk, xnvme: no, no driver for it here, see docs/spdk.md|spdk: .+|vfio, spdk: .+)";

  private static final List<String> SERIALS =
      List.of("BASALT-PLAIN", "BASALT-TWO", "BASALT-SLOW", "BASALT-ERR", "BASALT-LOG");

  @TempDir private Path directory;

  @BeforeAll
  static void requireGuest() {
    GuestController.check();
  }

  @Test
  void shouldTellTheTruthOnEachLine() throws IOException {
    List<String> lines = new ArrayList<>(page("/root").lines().toList());
    assertLine(lines, "(note|ok) +kernel +Linux " + kernelRelease() + "(; .+)?");
    assertLine(lines, "ok +io_uring +works: single issuer, deferred task work.*");
    assertDirect(lines);
    assertLine(lines, "ok +overcommit +vm.overcommit_memory is " + text("/vm/overcommit_memory"));
    assertLine(lines, "ok +locked memory +(unlimited|limited to \\d+ KiB), which CAP_IPC_LOCK .+");
    assertLine(
        lines, "ok +IOMMU +table DMAR, command line intel_iommu=on, " + groups() + " groups");
    assertLine(lines, "ok +vfio +vfio-pci is loaded");
    for (String serial : SERIALS) {
      assertDevice(lines, GuestController.of(serial));
    }
    assertLine(lines, "ok +huge pages +node 0: " + hugePages() + ".*");
    assertLine(lines, "ok +SPDK +(not installed|spdk_nvme .+)");
    assertLine(lines, "ok +xNVMe +(not installed|xnvme .+)");
    assertLine(lines, "ok +processors +online: 0(-1)?, isolated: none .+");
    assertLine(lines, "ok +governor +the kernel does not set the frequency");
    assertLine(lines, "ok +swap +none");
    String java = Runtime.version().toString().replace("+", "\\+");
    long heap = Runtime.getRuntime().maxMemory() >> 20;
    assertLine(
        lines, "ok +Java +" + java + ", heap up to %,d MiB, native access .+".formatted(heap));
    assertLine(lines, "");
  }

  /** Only of the two: an overlay on memory takes it from Linux 6.6 on. */
  private static void assertDirect(List<String> lines) throws IOException {
    if (page("/root").contains("\nok       O_DIRECT")) {
      assertLine(lines, "ok +O_DIRECT +works at /root/ \\(overlay\\)");
    } else {
      assertLine(lines, "PROBLEM +O_DIRECT +/root/ \\(overlay\\) refuses it");
      assertLine(lines, " +needed: a file system with direct I/O, for io_uring:");
      assertLine(lines, " +do: +name a place on a disk, or use file:");
    }
  }

  private static void assertDevice(List<String> lines, GuestController controller) {
    String device = controller.namespace().replaceFirst("n\\d+$", "");
    String found = controller.address() + " QEMU NVMe Ctrl, driver nvme, not in use";
    assertLine(lines, "ok +NVMe " + device + " +" + found);
    assertLine(lines, " +vfio: not yet, first: basalt device bind " + controller.address());
    assertLine(lines, " +" + IN_C);
    assertLine(lines, " +nvme-uring: yes, commands go to the device past the block layer");
    assertLine(lines, " +io_uring: yes, direct I/O in batches through the kernel's driver");
  }

  /** For a place, and for the first namespace of each controller. */
  @Test
  void shouldCallBestWhatCanBeUsed() throws IOException {
    String best = best(page(directory.toString()));
    assertTrue(best.endsWith(":" + directory + "/store"), best);
    assertCanBeUsed(best);
    for (String serial : SERIALS) {
      GuestController controller = GuestController.of(serial);
      String node = controller.namespace();
      String page = page("/dev/" + node);
      assertEquals(BEST_WITH_KERNEL + node.substring("nvme".length()), best(page));
      String vfio = "vfio:" + controller.address() + "/1";
      String bind = "basalt device bind " + controller.address();
      assertTrue(page.contains("\nbetter: " + vfio + ", first: " + bind + "\n"), page);
      assertTrue(page.endsWith("\nnothing to do\n"), page);
    }
    GuestController controller = GuestController.of("BASALT-LOG");
    controller.clear();
    try {
      assertCanBeUsed(best(page("/dev/" + controller.namespace())));
    } finally {
      controller.clear();
    }
  }

  @Test
  void shouldCallVfioBestForADeviceThatIsBound() throws IOException {
    GuestController controller = GuestController.of("BASALT-LOG");
    controller.clear();
    assertDone("device", "bind", controller.address());
    try {
      String page = page(controller.address());
      assertTrue(page.contains(controller.address() + ", driver vfio-pci, not in use"), page);
      assertTrue(page.contains(" vfio: yes, the device is bound to vfio-pci\n"), page);
      String lack = "the kernel's driver does not have it: basalt device unbind ";
      assertTrue(
          page.contains(" nvme-uring, io_uring: no, " + lack + controller.address() + "\n"), page);
      assertEquals("vfio:" + controller.address() + "/1", best(page));
      assertCanBeUsed(best(page));
    } finally {
      assertDone("device", "unbind", controller.address());
      controller.clear();
    }
  }

  @Test
  void shouldRefuseZonesForEachBackEnd() throws IOException {
    String node = GuestController.of("BASALT-TWO").namespace().replaceFirst("1$", "2");
    CommandRunner.Outcome outcome = CommandRunner.run("doctor", "/dev/" + node);
    assertEquals(ExitCode.UNAVAILABLE, outcome.exitCode(), outcome.err());
    String zoned = node + " is zoned: its blocks can be written in order only";
    assertTrue(
        outcome.out().contains(" vfio, nvme-uring, io_uring: no, " + zoned + "\n"), outcome.out());
    assertTrue(outcome.out().contains("\nbest for /dev/" + node + ": none"), outcome.out());
    assertTrue(outcome.out().contains("do first: take another device"), outcome.out());
  }

  private void assertCanBeUsed(String uri) throws IOException {
    Path config = directory.resolve("config");
    Files.writeString(config, "log-size = 4MiB\n"); // the devices are small
    assertDone("put", "--config", config.toString(), "--store", uri, "key", "value");
    assertDone("get", "--config", config.toString(), "--store", uri, "key");
  }

  private static String page(String target) throws IOException {
    CommandRunner.Outcome outcome = CommandRunner.run("doctor", target);
    assertEquals(ExitCode.DONE, outcome.exitCode(), outcome.err());
    return outcome.out();
  }

  private static String best(String page) {
    String line = page.lines().filter(l -> l.startsWith("best for ")).findFirst().orElseThrow();
    return line.replaceFirst("best for \\S+: (\\S+) .*", "$1");
  }

  /** Takes the first line away, which must be so. */
  private static void assertLine(List<String> lines, String pattern) {
    String line = lines.removeFirst();
    assertTrue(line.matches(pattern), () -> "'" + line + "', must be: " + pattern);
  }

  private static String kernelRelease() throws IOException {
    return text("/kernel/osrelease");
  }

  private static String text(String sysctl) throws IOException {
    return Files.readString(Path.of("/proc/sys" + sysctl)).strip();
  }

  private static long groups() throws IOException {
    try (Stream<Path> groups = Files.list(Path.of("/sys/kernel/iommu_groups"))) {
      return groups.count();
    }
  }

  /** As the kernel counts those of its default size, 2 MiB. */
  private static String hugePages() throws IOException {
    String free = "";
    String total = "";
    for (String line : Files.readAllLines(Path.of("/proc/meminfo"))) {
      String number = line.replaceAll("\\D", "");
      free = line.startsWith("HugePages_Free:") ? number : free;
      total = line.startsWith("HugePages_Total:") ? number : total;
    }
    assertEquals("64", total, "reserved on the kernel's command line");
    return free + " of " + total + " of 2048 KiB free";
  }

  private static void assertDone(String... arguments) {
    CommandRunner.Outcome outcome = CommandRunner.run(arguments);
    assertEquals(ExitCode.DONE, outcome.exitCode(), outcome.err());
  }
}
