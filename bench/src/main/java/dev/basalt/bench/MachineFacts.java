// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * What a number means nothing without.
 *
 * @param cpu model name and number of cores
 * @param memory total memory
 * @param kernel release of the kernel
 * @param jdk vendor and version of the JDK
 * @param fileSystems the directories measured, with the type of their file systems
 * @param load load average over one minute at the start: other work on this machine
 */
public record MachineFacts(
    String cpu, String memory, String kernel, String jdk, List<String> fileSystems, String load) {
  static MachineFacts read(BenchOptions options) throws IOException {
    return options.fast() == null ? read(options.disk()) : read(options.disk(), options.fast());
  }

  /** Reads the facts of this machine and of some directories. */
  public static MachineFacts read(Path... directories) throws IOException {
    List<String> fileSystems = new ArrayList<>();
    for (Path directory : directories) {
      fileSystems.add(fileSystem(directory));
    }
    return new MachineFacts(
        field("/proc/cpuinfo", "model name")
            + ", "
            + Runtime.getRuntime().availableProcessors()
            + " cores",
        field("/proc/meminfo", "MemTotal"),
        System.getProperty("os.name") + " " + System.getProperty("os.version"),
        System.getProperty("java.vendor") + " " + Runtime.version(),
        fileSystems,
        firstWord("/proc/loadavg"));
  }

  /** The facts by name, for printing. */
  public Map<String, String> lines() {
    return new TreeMap<>(
        Map.of(
            "CPU", cpu,
            "memory", memory,
            "kernel", kernel,
            "JDK", jdk,
            "files", String.join(", ", fileSystems),
            "load before", load));
  }

  private static String fileSystem(Path directory) throws IOException {
    return directory + " (" + Files.getFileStore(directory).type() + ")";
  }

  private static String field(String file, String name) throws IOException {
    try (Stream<String> lines = Files.lines(Path.of(file))) {
      return lines
          .filter(line -> line.startsWith(name))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElse("unknown");
    }
  }

  private static String firstWord(String file) throws IOException {
    return Files.readString(Path.of(file)).split(" ", 2)[0];
  }
}
