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
          "/opt/spdk/lib/pkgconfig/",
          "/opt/xnvme/lib/pkgconfig/");

  @Override
  public Finding of(HostFacts facts) {
    String found = found(facts.files());
    return Finding.ok(name, found.isEmpty() ? "not installed" : found);
  }

  /**
   * Returns which library was found where, or nothing when it is not installed. SPDK numbers its
   * libraries otherwise than its releases, so the library is named.
   */
  String found(HostFiles files) {
    for (String directory : DIRECTORIES) {
      String path = directory + packageName + ".pc";
      for (String line : files.lines(path)) {
        if (line.startsWith(VERSION)) {
          return packageName + " " + line.substring(VERSION.length()).strip() + " (" + path + ")";
        }
      }
    }
    return "";
  }
}
