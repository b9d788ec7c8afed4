// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Huge pages of this machine: reserved ones, and whether the kernel gives them by itself. */
public final class HugePages {
  private static final Path MEMINFO = Path.of("/proc/meminfo");
  private static final Path TRANSPARENT = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");

  private HugePages() {}

  /**
   * Returns the size of a reserved huge page.
   *
   * @return bytes, or 0 where the kernel has none
   */
  public static long sizeBytes() {
    return meminfo("Hugepagesize:") << 10;
  }

  /**
   * Returns how many reserved huge pages are free (sysctl vm.nr_hugepages reserves them).
   *
   * @return the count, often 0
   */
  public static long freeCount() {
    return meminfo("HugePages_Free:");
  }

  /**
   * Returns the mode of transparent huge pages.
   *
   * @return {@code always}, {@code madvise} or {@code never}; the latter also where there are none
   */
  public static String transparentMode() {
    try {
      String text = Files.readString(TRANSPARENT);
      return text.substring(text.indexOf('[') + 1, text.indexOf(']'));
    } catch (IOException | IndexOutOfBoundsException _) { // A kernel built without them.
      return "never";
    }
  }

  private static long meminfo(String name) {
    try {
      for (String line : Files.readAllLines(MEMINFO)) {
        if (line.startsWith(name)) {
          return Long.parseLong(line.substring(name.length()).replace("kB", "").strip());
        }
      }
    } catch (IOException | NumberFormatException _) { // Without /proc nothing is known.
      return 0;
    }
    return 0;
  }
}
