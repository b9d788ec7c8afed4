// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the kernel says of a range of this process's memory (proc_pid_smaps(5)). */
public final class RegionMemory {
  private static final Path ENABLED = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");

  private RegionMemory() {}

  /** Skips the test where there are no transparent huge pages. */
  public static void assumeHugePages() throws IOException {
    assumeTrue(
        Files.exists(ENABLED) && !Files.readString(ENABLED).contains("[never]"),
        "this kernel has no transparent huge pages, or they are switched off");
  }

  /** Returns how many bytes of the mappings between two addresses are in huge pages. */
  public static long inHugePages(long first, long last) throws IOException {
    return sum("AnonHugePages:", first, last);
  }

  /** Returns how many bytes of the mappings between two addresses are in memory. */
  public static long resident(long first, long last) throws IOException {
    return sum("Rss:", first, last);
  }

  private static long sum(String field, long first, long last) throws IOException {
    long sum = 0;
    boolean isInside = false;
    for (String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
      String[] words = line.split("\\s+", -1);
      if (words[0].contains("-")) {
        String[] ends = words[0].split("-", -1);
        long start = Long.parseUnsignedLong(ends[0], 16);
        long end = Long.parseUnsignedLong(ends[1], 16);
        isInside = start <= last && first < end;
      } else if (isInside && words[0].equals(field)) {
        sum += Long.parseLong(words[1]) * 1024;
      }
    }
    return sum;
  }
}
