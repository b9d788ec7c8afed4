// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.host;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An NVMe device: a PCI function, the controller the kernel made of it, or both.
 *
 * @param function its place on the bus, null for one over a network
 * @param controller what the kernel's driver knows, null when that does not drive it
 * @param namespaces those the kernel knows
 */
public record NvmeDevice(
    @Nullable PciFunction function,
    @Nullable NvmeController controller,
    List<NvmeNamespace> namespaces) {
  /** Copies the namespaces. */
  public NvmeDevice {
    namespaces = List.copyOf(namespaces);
  }

  /**
   * Returns the shortest name.
   *
   * @return the controller's, or else the address on the bus
   */
  public String name() {
    return controller != null ? controller.name() : function != null ? function.address() : "";
  }

  /**
   * Returns where the device is.
   *
   * @return the address on the bus, or of the target
   */
  public String address() {
    return function != null ? function.address() : controller != null ? controller.address() : "";
  }

  /**
   * Returns what a user types to show that this device is meant: what is printed on it.
   *
   * @return the serial number, or the address while no driver knows that
   */
  public String confirmation() {
    return controller != null && !controller.serial().isEmpty() ? controller.serial() : address();
  }

  /**
   * Returns all its device nodes that data goes through.
   *
   * @return names of disks and partitions
   */
  public List<String> nodes() {
    List<String> nodes = new ArrayList<>();
    for (NvmeNamespace namespace : namespaces) {
      nodes.addAll(namespace.nodes());
    }
    return nodes;
  }
}
