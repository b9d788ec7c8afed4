// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.host;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** What is mounted, in all mount namespaces this process can see (proc(5), mountinfo). */
final class Mounts {
  private static final String SEPARATOR = " - ";

  private final Set<Mount> mounts = new LinkedHashSet<>();

  /**
   * One line of mountinfo.
   *
   * @param device major and minor number; not those of a disk for file systems of several ones
   * @param where the directory
   * @param type of the file system
   * @param source mostly the path of the device
   */
  record Mount(String device, String where, String type, String source) {}

  Mounts(HostFiles files) {
    read(files, "/proc/self/mountinfo");
    Set<String> namespaces = new HashSet<>();
    for (String process : files.names("/proc")) {
      String namespace = files.linkName("/proc/" + process + "/ns/mnt");
      if (namespace != null && namespaces.add(namespace)) {
        read(files, "/proc/" + process + "/mountinfo");
      }
    }
  }

  /** Returns the mounts of a device. */
  List<Mount> of(String device, String node) {
    List<Mount> found = new ArrayList<>();
    for (Mount mount : mounts) {
      if (mount.device().equals(device) || mount.source().equals("/dev/" + node)) {
        found.add(mount);
      }
    }
    return found;
  }

  private void read(HostFiles files, String path) {
    for (String line : files.lines(path)) {
      int separator = line.indexOf(SEPARATOR);
      if (separator > 0) {
        String[] before = line.substring(0, separator).split(" ", -1);
        String[] after = line.substring(separator + SEPARATOR.length()).split(" ", -1);
        if (before.length > 4 && after.length > 1) {
          mounts.add(new Mount(before[2], unescape(before[4]), after[0], after[1]));
        }
      }
    }
  }

  /** Blanks in names are written in octal. */
  private static String unescape(String name) {
    return name.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\");
  }
}
