// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.linux.host.HostFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command's part: exit codes, questions, output. What it decides is tested below it. */
class DeviceCommandTest {
  private static final String ADDRESS = "0000:01:00.0";
  private static final String DEVICE = "sys/bus/pci/devices/" + ADDRESS;
  private static final String SERIAL = "S5GXNX0R000042";

  @TempDir private Path root;

  @BeforeEach
  void makeHost() throws IOException {
    System.setProperty(HostFiles.ROOT_PROPERTY, root.toString());
    file(DEVICE + "/class", "0x010802\n");
    file(DEVICE + "/vendor", "0x144d\n");
    file(DEVICE + "/device", "0xa808\n");
    file(DEVICE + "/driver_override", "(null)\n");
    Files.createSymbolicLink(root.resolve(DEVICE + "/driver"), Path.of("../../drivers/nvme"));
    Files.createSymbolicLink(
        root.resolve(DEVICE + "/iommu_group"), Path.of("../../../../kernel/iommu_groups/12"));
    Files.createDirectories(root.resolve("sys/kernel/iommu_groups/12/devices/" + ADDRESS));
    Files.createDirectories(root.resolve("sys/bus/pci/drivers/vfio-pci"));
    file("sys/bus/pci/drivers_probe", "");
    file("sys/bus/pci/drivers/nvme/unbind", "");
    file("sys/class/nvme/nvme0/address", ADDRESS + "\n");
    file("sys/class/nvme/nvme0/model", "Fast SSD   \n");
    file("sys/class/nvme/nvme0/serial", SERIAL + "\n");
    file("sys/class/nvme/nvme0/nvme0n1/uevent", "");
    file("sys/class/block/nvme0n1/dev", "259:0\n");
    file("sys/class/block/nvme0n1/size", "2097152\n");
    file("dev/nvme0n1", "data");
  }

  @AfterEach
  void forgetHost() {
    System.clearProperty(HostFiles.ROOT_PROPERTY);
  }

  @Test
  void shouldListDevices() {
    CommandRunner.Outcome outcome = CommandRunner.run("device", "list");
    assertEquals(ExitCode.DONE, outcome.exitCode(), outcome.err());
    assertEquals(
        """
        nvme0  0000:01:00.0  Fast SSD  serial S5GXNX0R000042  driver nvme  IOMMU group 12
          nvme0n1  1,024 MiB  blocks of 512 B  no generic node
          not in use
        """,
        outcome.out());
    String json = CommandRunner.run("device", "list", "--json").out();
    assertTrue(json.contains("\"serial\":\"" + SERIAL + "\""), json);
    assertTrue(json.contains("\"iommuGroup\":12"), json);
  }

  @Test
  void shouldTellWhetherADeviceMayBeBound() throws IOException {
    assertTrue(CommandRunner.run("device", "status", "nvme0").out().contains("may be bound\n"));
    mount();
    CommandRunner.Outcome outcome = CommandRunner.run("device", "status", "/dev/nvme0n1");
    assertEquals(ExitCode.DONE, outcome.exitCode());
    assertTrue(
        outcome.out().contains("nvme0n1 is mounted at /data (ext4): umount /data\n"),
        outcome.out());
    String json = CommandRunner.run("device", "status", "--json", SERIAL).out();
    assertTrue(json.contains("\"refusals\":[{\"reason\":\"nvme0n1 is mounted"), json);
  }

  @Test
  void shouldPrintTheWritesOfADryRun() throws IOException {
    CommandRunner.Outcome outcome = CommandRunner.run("device", "bind", "--dry-run", "nvme0");
    assertEquals(ExitCode.DONE, outcome.exitCode(), outcome.err());
    assertEquals(
        """
        # nvme0n1 holds data of an unknown kind
        # needs --serial S5GXNX0R000042
        echo vfio-pci > /sys/bus/pci/devices/0000:01:00.0/driver_override
        echo 0000:01:00.0 > /sys/bus/pci/drivers/nvme/unbind
        echo 0000:01:00.0 > /sys/bus/pci/drivers_probe
        """,
        outcome.out());
    assertEquals("(null)\n", Files.readString(root.resolve(DEVICE + "/driver_override")));
    assertEquals("", CommandRunner.run("device", "unbind", "--dry-run", "nvme0").out());
  }

  @Test
  void shouldRefuseByExitCode() throws IOException {
    assertExit(ExitCode.NO_INPUT, "there are: 0000:01:00.0", "device", "bind", "nvme7");
    assertExit(ExitCode.USAGE, "--serial " + SERIAL, "device", "bind", "nvme0");
    assertExit(ExitCode.USAGE, "given: X", "device", "bind", "--serial", "X", "nvme0");
    assertExit(ExitCode.USAGE, "Try 'basalt device bind --help'", "device", "bind");
    mount();
    assertExit(ExitCode.BUSY, "umount /data", "device", "bind", "--serial", SERIAL, "nvme0");
    Files.writeString(root.resolve("proc/self/mountinfo"), "");
    Files.delete(root.resolve("sys/bus/pci/drivers/vfio-pci"));
    assertExit(ExitCode.UNAVAILABLE, "modprobe vfio-pci", "device", "bind", "nvme0");
    Files.delete(root.resolve("sys/bus/pci/drivers_probe"));
    assertExit(ExitCode.PERMISSION, "as root", "device", "bind", "nvme0");
  }

  @Test
  void shouldMeasureOnlyWhatIsMeant() {
    assertExit(ExitCode.USAGE, "give --serial " + SERIAL, "device", "bench", "--write", "nvme0");
    assertExit(
        ExitCode.USAGE,
        "give --serial " + SERIAL,
        "device",
        "bench",
        "--write",
        "--serial",
        "X",
        "nvme0");
    assertExit(ExitCode.NO_INPUT, "it knows: [1]", "device", "bench", "--namespace", "2", "nvme0");
    assertExit(ExitCode.USAGE, "--depth is 0", "device", "bench", "--depth", "0", "nvme0");
    assertExit(
        ExitCode.USAGE,
        "no back end for 'nvme:/dev/nvme0n1'",
        "device",
        "bench",
        "--backend",
        "nvme",
        "nvme0");
  }

  /** Whoever names a disk means that disk, and with --write no other may be overwritten. */
  @Test
  void shouldMeasureTheNamespaceThatIsNamed() throws IOException {
    file("sys/class/nvme/nvme0/nvme0n2/uevent", "");
    file("sys/class/block/nvme0n2/dev", "259:1\n");
    file("sys/class/block/nvme0n2/nsid", "7\n");
    file("sys/class/block/nvme0n1/nvme0n1p3/partition", "3\n");
    String of7 = "--write overwrites namespace 7 of nvme0";
    assertExit(ExitCode.USAGE, of7, "device", "bench", "--write", "/dev/nvme0n2");
    assertExit(ExitCode.USAGE, of7, "device", "bench", "--write", "NG0N2");
    assertExit(
        ExitCode.USAGE, of7, "device", "bench", "--write", "--namespace", "7", "/dev/nvme0n2");
    assertExit(
        ExitCode.USAGE,
        "nvme0n2 is namespace 7, not 1",
        "device",
        "bench",
        "--namespace",
        "1",
        "/dev/nvme0n2");
    assertExit(
        ExitCode.USAGE,
        "nvme0n1p3 is a partition of nvme0n1",
        "device",
        "bench",
        "--write",
        "--serial",
        SERIAL,
        "/dev/nvme0n1p3");
    assertExit(
        ExitCode.USAGE,
        "--write overwrites namespace 1 of nvme0",
        "device",
        "bench",
        "--write",
        "nvme0");
  }

  @Test
  void shouldGoBackWhereTheKernelDoesNothing() throws IOException {
    assertExit(
        ExitCode.IO,
        "vfio-pci did not take 0000:01:00.0",
        "device",
        "bind",
        "--serial",
        SERIAL,
        "nvme0");
    assertEquals("\n", Files.readString(root.resolve(DEVICE + "/driver_override")));
  }

  @Test
  void shouldTakeTheSerialNumberFromATerminalOnly() {
    assertTrue(
        CommandRunner.runOnTerminal("other\n", "device", "bind", "nvme0")
            .err()
            .contains("Type its serial number to go on: "));
    assertEquals(
        ExitCode.IO, // confirmed, but no kernel acts on what is written
        CommandRunner.runOnTerminal(SERIAL + "\n", "device", "bind", "nvme0").exitCode());
    assertEquals(
        ExitCode.USAGE,
        CommandRunner.runWithInput(SERIAL + "\n", "device", "bind", "nvme0").exitCode());
  }

  private static void assertExit(int code, String message, String... arguments) {
    CommandRunner.Outcome outcome = CommandRunner.run(arguments);
    assertEquals(code, outcome.exitCode(), outcome.err());
    assertTrue(outcome.err().contains(message), outcome.err());
    assertEquals("", outcome.out());
  }

  private void mount() throws IOException {
    file("proc/self/mountinfo", "36 1 259:0 / /data rw,relatime shared:1 - ext4 /dev/nvme0n1 rw\n");
  }

  private void file(String path, String text) throws IOException {
    Path file = root.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }
}
