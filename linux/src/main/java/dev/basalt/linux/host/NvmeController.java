// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.host;

/**
 * An NVMe controller that the kernel drives, as {@code /sys/class/nvme} shows it.
 *
 * @param name such as {@code nvme0}
 * @param transport {@code pcie}, {@code tcp}, {@code rdma}, {@code fc} or {@code loop}
 * @param address the PCI function, or where the target is
 * @param model as the controller says, without the blanks at its end
 * @param serial as the controller says, without the blanks at its end
 * @param firmware its revision
 */
public record NvmeController(
    String name, String transport, String address, String model, String serial, String firmware) {
  /** The transport of a controller in this machine. */
  public static final String PCIE = "pcie";

  private static final String CLASS = "/sys/class/nvme/";

  static NvmeController read(HostFiles files, String name) {
    String directory = CLASS + name + "/";
    return new NvmeController(
        name,
        files.text(directory + "transport", PCIE),
        files.text(directory + "address", ""),
        files.text(directory + "model", ""),
        files.text(directory + "serial", ""),
        files.text(directory + "firmware_rev", ""));
  }
}
