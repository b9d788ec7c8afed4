// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.doctor;

import dev.basalt.linux.host.HostFiles;
import java.util.List;

/**
 * Whether a native library is installed, as pkg-config would find it.
 *
 * @param name of the library
 * @param packageName of its file for pkg-config
 */
record LibraryCheck(String name, String packageName) implements Check {
  static final LibraryCheck SPDK = new LibraryCheck("SPDK", "spdk_nvme");
  static final LibraryCheck XNVME = new LibraryCheck("xNVMe", "xnvme");

  private static final String VERSION = "Version:";
  private static final List<String> DIRECTORIES =
      List.of(
          "/usr/local/lib/pkgconfig/",
          "/usr/local/lib64/pkgconfig/",
          "/usr/local/lib/x86_64-linux-gnu/pkgconfig/",
          "/usr/local/lib/aarch64-linux-gnu/pkgconfig/",
          "/usr/lib/pkgconfig/",
          "/usr/lib64/pkgconfig/",
          "/usr/lib/x86_64-linux-gnu/pkgconfig/",
          "/usr/lib/aarch64-linux-gnu/pkgconfig/",
          "/opt/spdk/lib/pkgconfig/");

  @Override
  public Finding of(HostFacts facts) {
    String version = version(facts.files());
    return version.isEmpty()
        ? Finding.ok(name, "not installed")
        : Finding.ok(name, "version " + version);
  }

  /** Returns the version, or nothing when it is not installed. */
  String version(HostFiles files) {
    for (String directory : DIRECTORIES) {
      for (String line : files.lines(directory + packageName + ".pc")) {
        if (line.startsWith(VERSION)) {
          return line.substring(VERSION.length()).strip();
        }
      }
    }
    return "";
  }
}
