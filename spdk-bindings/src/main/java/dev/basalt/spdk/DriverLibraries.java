// SPDX-License-Identifier: Apache-2.0
package dev.basalt.spdk;

import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds the shared libraries of drivers: in the directories of the system property {@value
 * #PATH_PROPERTY}, then beside this module's jar, then where the system keeps libraries. Nothing is
 * unpacked.
 */
final class DriverLibraries {
  static final String PATH_PROPERTY = "basalt.driver.path";

  /** Where the dynamic linker looks by itself, on the distributions in use (ld.so(8)). */
  private static final List<String> SYSTEM =
      List.of(
          "/usr/local/lib",
          "/usr/lib/x86_64-linux-gnu",
          "/usr/lib/aarch64-linux-gnu",
          "/usr/lib64",
          "/usr/lib");

  private DriverLibraries() {}

  /** Returns the file's name of a driver. */
  static String fileName(String driver) {
    return "libbasalt_" + driver + ".so";
  }

  /** Returns the library of a driver, or null when it is nowhere. */
  static @Nullable Path find(String driver) {
    for (Path directory : directories()) {
      Path file = directory.resolve(fileName(driver));
      if (Files.isRegularFile(file)) {
        return file;
      }
    }
    return null;
  }

  /** Returns where is looked, first to last. */
  static List<Path> directories() {
    List<Path> directories = new ArrayList<>();
    for (String directory : System.getProperty(PATH_PROPERTY, "").split(":", -1)) {
      if (!directory.isEmpty()) {
        directories.add(Path.of(directory).toAbsolutePath());
      }
    }
    Path beside = besideJar();
    if (beside != null) {
      directories.add(beside);
    }
    SYSTEM.forEach(directory -> directories.add(Path.of(directory)));
    return directories;
  }

  private static @Nullable Path besideJar() {
    CodeSource source = DriverLibraries.class.getProtectionDomain().getCodeSource();
    try {
      return source == null ? null : Path.of(source.getLocation().toURI()).getParent();
    } catch (URISyntaxException | IllegalArgumentException _) { // Not from a file.
      return null;
    }
  }
}
