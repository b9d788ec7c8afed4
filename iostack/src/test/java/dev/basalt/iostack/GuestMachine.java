// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The guest machine as a test in it sees it: the controllers that {@code scripts/vm} made, by
 * serial number. What is particular to each stands in {@code scripts/guest/machine}.
 */
public final class GuestMachine {
  /** Large, with small transfers and several queue pairs. */
  public static final String PLAIN = "BASALT-PLAIN";

  /** Namespace 1 has blocks of 4 KiB; namespace 2 is zoned. */
  public static final String TWO = "BASALT-TWO";

  /** A few commands in a second. */
  public static final String SLOW = "BASALT-SLOW";

  /** Fails to read or to write chosen blocks. */
  public static final String ERR = "BASALT-ERR";

  /** Its writes and flushes are logged outside. */
  public static final String LOG = "BASALT-LOG";

  /** Blocks of {@link #ERR} that cannot be read. */
  public static final List<Long> UNREADABLE = List.of(20_480L, 61_440L);

  /** Blocks of {@link #ERR} that cannot be written. */
  public static final List<Long> UNWRITABLE = List.of(40_960L, 61_440L);

  /** Written by the guest's init before a controller is taken from the kernel's driver. */
  private static final Path CONTROLLERS = Path.of("/run/basalt/controllers");

  private static final Path BLOCK_DEVICES = Path.of("/sys/block");

  private GuestMachine() {}

  /** Skips tests outside of the guest machine, printing the reason. */
  public static void check() {
    assumeTrue(isHere(), "not in the guest machine: scripts/vm test");
  }

  private static boolean isHere() {
    try {
      return List.of(Files.readString(Path.of("/proc/cmdline")).strip().split(" "))
          .contains("basalt.guest=1");
    } catch (IOException _) { // Not Linux.
      return false;
    }
  }

  /**
   * Returns the PCI address of a controller, whichever driver has it.
   *
   * @param serial one of this class's constants
   * @return such as {@code 0000:00:10.0}
   * @throws IOException when the guest machine has no such controller
   */
  public static String pciAddress(String serial) throws IOException {
    for (String line : Files.readAllLines(CONTROLLERS)) {
      if (line.startsWith(serial + " ")) {
        return line.substring(serial.length() + 1);
      }
    }
    throw new IOException(CONTROLLERS + " has no controller " + serial);
  }

  /**
   * Returns the block device of a namespace whose controller the kernel's driver has.
   *
   * @param serial one of this class's constants
   * @param namespaceId 1 or above
   * @return such as {@code /dev/nvme0n1}
   * @throws IOException when there is none
   */
  public static Path blockDevice(String serial, int namespaceId) throws IOException {
    return Path.of("/dev", name(serial, namespaceId));
  }

  /**
   * Returns the character device of a namespace whose controller the kernel's driver has.
   *
   * @param serial one of this class's constants
   * @param namespaceId 1 or above
   * @return such as {@code /dev/ng0n1}
   * @throws IOException when there is none
   */
  public static Path genericDevice(String serial, int namespaceId) throws IOException {
    return Path.of("/dev", name(serial, namespaceId).replaceFirst("nvme", "ng"));
  }

  /** By serial number: which controller is nvme0 differs from start to start. */
  private static String name(String serial, int namespaceId) throws IOException {
    try (DirectoryStream<Path> disks = Files.newDirectoryStream(BLOCK_DEVICES, "nvme*n*")) {
      for (Path disk : disks) {
        String name = disk.getFileName().toString();
        if (name.matches("nvme\\d+n\\d+")
            && attribute(disk, "device/serial").equals(serial)
            && attribute(disk, "nsid").equals(Integer.toString(namespaceId))) {
          return name;
        }
      }
    }
    throw new IOException(
        "the kernel has no block device for namespace " + namespaceId + " of " + serial);
  }

  private static String attribute(Path disk, String name) throws IOException {
    return Files.readString(disk.resolve(name)).strip();
  }
}
