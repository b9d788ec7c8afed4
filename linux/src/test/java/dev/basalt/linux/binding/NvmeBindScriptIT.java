// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.binding;

import static dev.basalt.linux.host.FakeHost.ADDRESS;
import static dev.basalt.linux.host.FakeHost.SERIAL;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.linux.host.BlockUses;
import dev.basalt.linux.host.FakeHost;
import dev.basalt.linux.host.NvmeDevice;
import dev.basalt.linux.host.NvmeDevices;
import dev.basalt.linux.host.PciBus;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code scripts/nvme-bind} on the same hosts as the Java code: the two agree. */
class NvmeBindScriptIT {
  private static final Path SCRIPT = Path.of("../scripts/nvme-bind").toAbsolutePath().normalize();

  /** Stands for the kernel: acts on what the script writes, or refuses it once. */
  private static final String TEE =
      """
      #!/bin/sh
      root=$BASALT_HOST_ROOT
      value=$(cat)
      if [ "$1" = "$root$(cat "$root/failing" 2>/dev/null)" ]; then
        rm "$root/failing"
        echo "tee: $1: Device or resource busy" >&2
        exit 1
      fi
      echo "echo ${value:+$value }> ${1#"$root"}" >>"$root/writes"
      device=$root/sys/bus/pci/devices/$value
      case $1 in
        */driver_override) echo "${value:-(null)}" >"$1" ;;
        */nvme/unbind) rm "$device/driver" && mv "$root/sys/class/nvme/nvme0" "$root/gone" ;;
        */unbind) rm "$device/driver" ;;
        */drivers_probe)
          driver=$(cat "$device/driver_override")
          [ "$driver" != "(null)" ] || driver=nvme
          [ -d "$root/sys/bus/pci/drivers/$driver" ] || exit 0
          ln -s "../../drivers/$driver" "$device/driver"
          [ "$driver" != nvme ] || mv "$root/gone" "$root/sys/class/nvme/nvme0"
          ;;
      esac
      """;

  @TempDir private Path root;

  @TempDir private Path tools;

  /** What a run of the script did. */
  private record Outcome(int exitCode, String out, String err) {}

  @BeforeEach
  void makeTools() throws IOException {
    Path tee = Files.writeString(tools.resolve("tee"), TEE);
    Files.setPosixFilePermissions(tee, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  @ParameterizedTest
  @MethodSource("dev.basalt.linux.binding.RefusingHost#all")
  void shouldRefuseAsTheJavaCodeDoes(RefusingHost kind) throws Exception {
    FakeHost host = kind.make(root);
    NvmeDevice device = NvmeDevices.read(host.files()).getFirst();
    List<BindRefusal> refusals =
        new ArrayList<>(BindCheck.refusals(host.files(), device, new BlockUses(host.files())));
    refusals.addAll(BindCheck.refusals(BindCheck.contents(host.files(), device)));
    Set<String> needed = new TreeSet<>();
    for (BindRefusal refusal : refusals) {
      needed.add("  " + refusal.reason() + ": " + refusal.mend());
    }
    boolean isForUse = refusals.stream().anyMatch(BindRefusal::isForUse);
    Outcome outcome = run("bind", "--dry-run", ADDRESS);
    Set<String> found = new TreeSet<>(outcome.err().lines().toList());
    found.removeIf(line -> line.startsWith("nvme-bind: "));
    assertEquals(needed, found);
    assertEquals(needed.isEmpty() ? 0 : isForUse ? 75 : 69, outcome.exitCode(), outcome.err());
    assertEquals(needed.isEmpty(), outcome.out().contains("echo vfio-pci > "), outcome.out());
  }

  @Test
  void shouldBindAndUnbind() throws Exception {
    FakeHost host = new FakeHost(root).nvme();
    List<String> needed =
        new DriverBinding(host.files(), _ -> {})
            .propose(ADDRESS).writes().stream().map(AttributeWrite::toString).toList();
    assertEquals(needed, run("bind", "--dry-run", ADDRESS).out().lines().toList());
    assertEquals(0, run("bind", ADDRESS).exitCode());
    assertEquals(needed, Files.readAllLines(root.resolve("writes")));
    assertDriver(host, "vfio-pci");
    assertEquals(ADDRESS + " was bound to vfio-pci already\n", run("bind", "01:00.0").out());
    assertEquals(0, run("unbind", ADDRESS).exitCode());
    assertDriver(host, "nvme");
    assertTrue(run("unbind", ADDRESS).out().contains("with the kernel's driver already"));
    assertEquals(
        "nvme0  0000:01:00.0  driver nvme  IOMMU group 12\n", run("status", ADDRESS).out());
  }

  @Test
  void shouldWantTheSerialNumberWhereDataMayBeLost() throws Exception {
    FakeHost host = new FakeHost(root).nvme().content("nvme0n1", 1080, (byte) 0x53, (byte) 0xef);
    Outcome outcome = run("bind", ADDRESS);
    assertEquals(64, outcome.exitCode());
    assertTrue(outcome.err().contains("nvme0n1 holds an ext file system"), outcome.err());
    assertTrue(outcome.err().contains(ADDRESS + "=" + SERIAL), outcome.err());
    assertEquals(64, run("bind", ADDRESS + "=other").exitCode());
    assertDriver(host, "nvme");
    assertEquals(0, run("bind", ADDRESS + "=" + SERIAL).exitCode());
    assertDriver(host, "vfio-pci");
  }

  @Test
  void shouldSeeDataAnywhereInTheFirstMebibyteAndNoFurther() throws Exception {
    FakeHost host = new FakeHost(root).nvme().content("nvme0n1", 1 << 20, "beyond");
    assertEquals(0, run("bind", "--dry-run", ADDRESS).exitCode());
    assertEquals("", run("bind", "--dry-run", ADDRESS).out().replaceAll("(?m)^echo.*\n", ""));
    host.content("nvme0n1", (1 << 20) - 1, "x");
    assertEquals(64, run("bind", ADDRESS).exitCode());
    host.remove("/dev/nvme0n1");
    assertTrue(run("bind", ADDRESS).err().contains("data that cannot be read"));
  }

  @Test
  void shouldGoBackFromEachFailedWrite() throws Exception {
    FakeHost host = new FakeHost(root).nvme();
    for (String path :
        List.of(
            "/sys/bus/pci/devices/" + ADDRESS + "/driver_override",
            "/sys/bus/pci/drivers/nvme/unbind",
            "/sys/bus/pci/drivers_probe")) {
      host.file("/failing", path);
      Outcome outcome = run("bind", ADDRESS);
      assertEquals(74, outcome.exitCode(), outcome.err());
      assertTrue(outcome.err().contains("> " + path + "' failed: tee: "), outcome.err());
      assertTrue(outcome.err().contains("Device or resource busy"), outcome.err());
      assertTrue(outcome.err().contains("back with the driver 'nvme'"), outcome.err());
      assertDriver(host, "nvme");
    }
  }

  @Test
  void shouldComeBackFromHalfDoneStates() throws Exception {
    FakeHost host = new FakeHost(root).nvme();
    run("bind", ADDRESS);
    host.remove("/sys/bus/pci/devices/" + ADDRESS + "/driver");
    assertEquals(0, run("bind", ADDRESS + "=" + ADDRESS).exitCode());
    assertDriver(host, "vfio-pci");
    host.remove("/sys/bus/pci/devices/" + ADDRESS + "/driver");
    assertEquals(0, run("unbind", ADDRESS).exitCode());
    assertDriver(host, "nvme");
    host.file("/sys/bus/pci/devices/" + ADDRESS + "/driver_override", "vfio-pci\n");
    assertEquals(0, run("unbind", ADDRESS).exitCode());
    assertDriver(host, "nvme");
  }

  @Test
  void shouldLeaveADeviceWithTheProcessThatDrivesIt() throws Exception {
    FakeHost host = new FakeHost(root).nvme();
    run("bind", ADDRESS);
    host.process(900, "java", "/dev/vfio/12");
    Outcome outcome = run("unbind", ADDRESS);
    assertEquals(75, outcome.exitCode());
    assertTrue(outcome.err().contains("vfio/12 is open by process 900 (java)"), outcome.err());
    assertDriver(host, "vfio-pci");
  }

  @Test
  void shouldTellWrongUsageMissingDevicesAndMissingRights() throws Exception {
    FakeHost host = new FakeHost(root).nvme();
    assertEquals(64, run().exitCode());
    assertEquals(64, run("bind").exitCode());
    assertEquals(64, run("bnd", ADDRESS).exitCode());
    assertEquals(66, run("bind", "0000:09:00.0").exitCode());
    assertEquals(66, run("bind", "0000:00:01.0").exitCode());
    host.remove("/sys/bus/pci/drivers_probe");
    assertEquals(77, run("bind", ADDRESS).exitCode());
  }

  private static void assertDriver(FakeHost host, String driver) {
    assertEquals(driver, Objects.requireNonNull(PciBus.function(host.files(), ADDRESS)).driver());
  }

  private Outcome run(String... arguments) throws IOException, InterruptedException {
    List<String> words = new ArrayList<>(List.of("sh", SCRIPT.toString()));
    words.addAll(List.of(arguments));
    Path out = tools.resolve("out");
    Path err = tools.resolve("err");
    ProcessBuilder builder =
        new ProcessBuilder(words)
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    Map<String, String> environment = builder.environment();
    environment.put("BASALT_HOST_ROOT", root.toString());
    environment.put("PATH", tools + ":" + environment.get("PATH"));
    int exitCode = builder.start().waitFor();
    return new Outcome(
        exitCode,
        Files.readString(out, StandardCharsets.UTF_8),
        Files.readString(err, StandardCharsets.UTF_8));
  }
}
