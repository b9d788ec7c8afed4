// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a kernel and its devices really do when one is to be taken, in the guest machine. */
@Tag("guest")
class DeviceGuestTest {
  /** Nobody but this program makes device nodes in the guest. */
  private static final String LVM_CONFIG = "activation{udev_sync=0 udev_rules=0}";

  @TempDir private Path directory;

  private GuestController controller;
  private String node;

  @BeforeAll
  static void requireGuest() {
    GuestController.check();
  }

  @BeforeEach
  void clear() throws IOException {
    controller = GuestController.of("BASALT-LOG");
    node = controller.namespace();
    controller.clear();
  }

  @AfterEach
  void clearAgain() throws IOException {
    controller.clear();
  }

  @Test
  void shouldBindAFreeDeviceAndGiveItBack() throws IOException {
    assertDone(controller.address() + " is bound to vfio-pci", "device", "bind", node);
    assertEquals("vfio-pci", controller.driver());
    assertDone("driver vfio-pci", "device", "status", controller.address());
    assertDone("was bound to vfio-pci already", "device", "bind", controller.address());
    assertDone("is back with the kernel's driver", "device", "unbind", controller.address());
    node = controller.namespace();
    controller.assertUnchanged();
    assertDone("  may be bound\n", "device", "status", controller.serial());
  }

  @Test
  void shouldAskForTheSerialNumberWhereThereIsData() throws IOException {
    execute("busybox", "mke2fs", device());
    CommandRunner.Outcome outcome = CommandRunner.run("device", "bind", node);
    assertEquals(ExitCode.USAGE, outcome.exitCode(), outcome.err());
    assertTrue(outcome.err().contains(node + " holds an ext file system"), outcome.err());
    assertTrue(outcome.err().contains("--serial BASALT-LOG"), outcome.err());
    controller.assertUnchanged();
    assertDone("is bound", "device", "bind", "--serial", "BASALT-LOG", node);
    assertDone("is back", "device", "unbind", controller.address());
    node = controller.namespace();
  }

  @Test
  void shouldRefuseAMountedDevice() throws IOException {
    execute("busybox", "mke2fs", device());
    execute("busybox", "mount", "-t", "ext2", device(), directory.toString());
    try {
      assertRefused(node + " is mounted at " + directory + " (ext2)", "umount " + directory);
    } finally {
      execute("busybox", "umount", directory.toString());
    }
  }

  @Test
  void shouldRefuseAMemberOfAVolumeGroupInUseOrNot() throws IOException {
    lvm("pvcreate", device());
    lvm("vgcreate", "basalt", device());
    lvm("lvcreate", "-y", "-Wn", "-Zn", "-l", "4", "-n", "store", "basalt");
    assertRefused(node + " is a member of the LVM volume basalt-store (dm-0)", "vgreduce");
    lvm("vgchange", "-an", "basalt");
    assertRefused(node + " holds an LVM physical volume", "wipefs --all " + device());
    lvm("vgremove", "-f", "basalt");
    lvm("pvremove", device());
  }

  @Test
  void shouldRefuseSwapSpace() throws IOException {
    execute("busybox", "mkswap", device());
    execute("busybox", "swapon", device());
    try {
      assertRefused(node + " is swap space", "swapoff " + device());
    } finally {
      execute("busybox", "swapoff", device());
    }
  }

  @Test
  void shouldRefuseADeviceThatAProcessHasOpen() throws IOException, InterruptedException {
    for (String name : List.of(node, node.replaceFirst("nvme", "ng"))) {
      Path opened = Path.of("/dev", name);
      Process process =
          new ProcessBuilder("busybox", "sleep", "600").redirectInput(opened.toFile()).start();
      try {
        assertRefused(
            name + " is open by process " + process.pid() + " (busybox)",
            "end process " + process.pid());
      } finally {
        process.destroyForcibly().waitFor();
      }
    }
  }

  /** For a use as this one, and changing nothing: by its serial number, and in a dry run. */
  private void assertRefused(String reason, String mend) throws IOException {
    List<String> before = groups();
    for (String option : List.of("--serial=BASALT-LOG", "--dry-run")) {
      CommandRunner.Outcome outcome = CommandRunner.run("device", "bind", option, node);
      assertEquals(ExitCode.BUSY, outcome.exitCode(), outcome.err());
      assertTrue(outcome.err().contains(reason), outcome.err());
      assertTrue(outcome.err().contains(mend), outcome.err());
      assertEquals("", outcome.out());
      controller.assertUnchanged();
      assertEquals(node, controller.namespace());
      assertEquals(before, groups());
    }
  }

  /** What user space could open: a node for each group whose device vfio-pci has. */
  private static List<String> groups() throws IOException {
    try (Stream<Path> nodes = Files.list(Path.of("/dev/vfio"))) {
      return nodes.map(Path::toString).sorted().toList();
    }
  }

  private static void assertDone(String text, String... arguments) {
    CommandRunner.Outcome outcome = CommandRunner.run(arguments);
    assertEquals(ExitCode.DONE, outcome.exitCode(), outcome.err());
    assertTrue(outcome.out().contains(text), outcome.out());
  }

  private String device() {
    return "/dev/" + node;
  }

  private static void lvm(String command, String... arguments) throws IOException {
    Stream<String> words =
        Stream.concat(Stream.of("lvm", command, "--config", LVM_CONFIG), Stream.of(arguments));
    execute(words.toArray(String[]::new));
  }

  private static void execute(String... command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      assertEquals(0, process.waitFor(), () -> String.join(" ", command) + ": " + output);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
