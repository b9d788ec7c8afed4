// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.host;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the NVMe devices of a host, whichever driver they have. */
public final class NvmeDevices {
  private static final String CLASS = "/sys/class/nvme/";

  /** A disk, or with its middle part one of several paths to a disk of the subsystem. */
  private static final Pattern NAMESPACE = Pattern.compile("(nvme\\d+)(c\\d+)?(n\\d+)");

  private static final Pattern SHORT_ADDRESS =
      Pattern.compile("\\p{XDigit}{2}:\\p{XDigit}{2}\\.\\d");

  private NvmeDevices() {}

  /**
   * Reads all devices.
   *
   * @param files of the host
   * @return those on the bus by address, then those over a network by name
   */
  public static List<NvmeDevice> read(HostFiles files) {
    Map<String, NvmeController> controllers = new LinkedHashMap<>();
    for (String name : files.names(CLASS)) {
      controllers.put(name, NvmeController.read(files, name));
    }
    List<NvmeDevice> devices = new ArrayList<>();
    for (PciFunction function : PciBus.functions(files)) {
      if (function.isNvme()) {
        devices.add(device(files, function, controllers));
      }
    }
    for (NvmeController controller : controllers.values()) {
      devices.add(new NvmeDevice(null, controller, namespaces(files, controller)));
    }
    return devices;
  }

  /**
   * Finds the devices a user may mean.
   *
   * @param files of the host
   * @param devices of {@link #read}
   * @param text an address ({@code 0000:01:00.0}, {@code 01:00.0}), a node of the controller, a
   *     namespace or a partition with or without its directory, a link to one, or a serial number
   * @return none, the device, or several that share a namespace or a serial number
   */
  public static List<NvmeDevice> find(HostFiles files, List<NvmeDevice> devices, String text) {
    String name = nameOf(files, text);
    List<NvmeDevice> found = new ArrayList<>();
    for (NvmeDevice device : devices) {
      if (names(device).contains(name)) {
        found.add(device);
      }
    }
    return found;
  }

  /**
   * Returns what a text given to {@link #find} is compared by.
   *
   * @param files of the host
   * @param text what a user has typed
   * @return the name of a node without its directory, a full address, or the text itself
   */
  public static String nameOf(HostFiles files, String text) {
    if (text.startsWith("/dev/")) {
      String target = files.linkName(text);
      return target != null ? target : text.substring(text.lastIndexOf('/') + 1);
    }
    return SHORT_ADDRESS.matcher(text).matches() ? "0000:" + text : text;
  }

  private static Set<String> names(NvmeDevice device) {
    Set<String> names = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
    names.add(device.name());
    names.add(device.address());
    names.add(device.confirmation());
    names.addAll(device.nodes());
    for (NvmeNamespace namespace : device.namespaces()) {
      names.add(namespace.genericName());
    }
    return names;
  }

  private static NvmeDevice device(
      HostFiles files, PciFunction function, Map<String, NvmeController> controllers) {
    for (NvmeController controller : controllers.values()) {
      if (controller.address().equals(function.address())) {
        controllers.remove(controller.name());
        return new NvmeDevice(function, controller, namespaces(files, controller));
      }
    }
    return new NvmeDevice(function, null, List.of());
  }

  private static List<NvmeNamespace> namespaces(HostFiles files, NvmeController controller) {
    List<NvmeNamespace> namespaces = new ArrayList<>();
    for (String entry : files.names(CLASS + controller.name())) {
      Matcher matcher = NAMESPACE.matcher(entry);
      if (matcher.matches()) {
        // With several paths the disk hangs below the subsystem and is named after that.
        namespaces.add(NvmeNamespace.read(files, matcher.group(1) + matcher.group(3)));
      }
    }
    return namespaces;
  }
}
