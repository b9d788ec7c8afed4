// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.host;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the functions on the PCI bus. */
public final class PciBus {
  /** Where sysfs has a directory for each function. */
  public static final String DEVICES = "/sys/bus/pci/devices/";

  private static final String GROUPS = "/sys/kernel/iommu_groups/";

  private PciBus() {}

  /**
   * Reads all functions.
   *
   * @param files of the host
   * @return in the order of their addresses
   */
  public static List<PciFunction> functions(HostFiles files) {
    return functions(files, files.names(DEVICES));
  }

  /**
   * Reads one function.
   *
   * @param files of the host
   * @param address such as {@code 0000:01:00.0}
   * @return the function, or null when there is none
   */
  public static @Nullable PciFunction function(HostFiles files, String address) {
    String directory = DEVICES + address + "/";
    int classCode = (int) files.number(directory + "class", -1);
    if (classCode < 0) {
      return null;
    }
    String group = files.linkName(directory + "iommu_group");
    return new PciFunction(
        address,
        classCode,
        hexadecimal(files, directory + "vendor") + ":" + hexadecimal(files, directory + "device"),
        files.linkName(directory + "driver"),
        override(files.text(directory + "driver_override", "")),
        group == null ? PciFunction.NO_GROUP : Integer.parseInt(group),
        (int) files.number(directory + "numa_node", -1));
  }

  /**
   * Reads the functions of an IOMMU group: those an IOMMU cannot tell apart.
   *
   * @param files of the host
   * @param group its number
   * @return in the order of their addresses
   */
  public static List<PciFunction> group(HostFiles files, int group) {
    return functions(files, files.names(GROUPS + group + "/devices"));
  }

  private static List<PciFunction> functions(HostFiles files, List<String> addresses) {
    List<PciFunction> functions = new ArrayList<>();
    for (String address : addresses) {
      PciFunction function = function(files, address);
      if (function != null) {
        functions.add(function);
      }
    }
    return functions;
  }

  /** The kernel writes a missing override as (null). */
  private static @Nullable String override(String text) {
    return text.isEmpty() || text.equals("(null)") ? null : text;
  }

  private static String hexadecimal(HostFiles files, String path) {
    return files.text(path, "0x????").substring(2);
  }
}
