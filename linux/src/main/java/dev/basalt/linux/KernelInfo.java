// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the running kernel says about itself. */
public final class KernelInfo {
  private static final Path IO_URING_DISABLED = Path.of("/proc/sys/kernel/io_uring_disabled");

  private KernelInfo() {}

  /**
   * Tells whether the running kernel is Linux; other methods and classes here need that.
   *
   * @return false on another operating system
   */
  public static boolean isLinux() {
    return System.getProperty("os.name").equals("Linux");
  }

  /**
   * Returns the kernel's release.
   *
   * @return such as {@code 6.18.1}
   */
  public static String release() {
    return System.getProperty("os.version");
  }

  /**
   * Compares a kernel's release with a version.
   *
   * @param release such as {@code 6.1.0-56-amd64}
   * @param major the first number
   * @param minor the second number
   * @return whether the kernel is at least so new
   */
  public static boolean isAtLeast(String release, int major, int minor) {
    String[] parts = release.split("\\D+", 3);
    int foundMajor = number(parts, 0);
    return foundMajor > major || foundMajor == major && number(parts, 1) >= minor;
  }

  private static int number(String[] parts, int index) {
    return index < parts.length && !parts[index].isEmpty() ? Integer.parseInt(parts[index]) : 0;
  }

  /**
   * Returns the sysctl kernel.io_uring_disabled.
   *
   * @return 0 allowed, 1 for a group only, 2 forbidden; -1 where the kernel has no such sysctl
   */
  public static int ioUringDisabled() {
    try {
      return Integer.parseInt(Files.readString(IO_URING_DISABLED).strip());
    } catch (IOException | NumberFormatException _) { // Before Linux 6.6 there is no such file.
      return -1;
    }
  }
}
