// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.host;

import org.jspecify.annotations.Nullable;

/**
 * A function on the PCI bus, as {@code /sys/bus/pci/devices} shows it.
 *
 * @param address domain, bus, device and function: {@code 0000:01:00.0}
 * @param classCode base class, subclass and programming interface, three bytes
 * @param id vendor and device in hexadecimal, such as {@code 144d:a808}
 * @param driver the driver it is bound to, or null
 * @param driverOverride the only driver it may be bound to, or null
 * @param iommuGroup number of its IOMMU group, or {@link #NO_GROUP}
 * @param numaNode the node it is attached to, -1 when unknown
 */
public record PciFunction(
    String address,
    int classCode,
    String id,
    @Nullable String driver,
    @Nullable String driverOverride,
    int iommuGroup,
    int numaNode) {
  /** There is no IOMMU that translates for the function. */
  public static final int NO_GROUP = -1;

  /** The driver of the kernel that hands a function to user space (Documentation/driver-api). */
  public static final String VFIO_DRIVER = "vfio-pci";

  private static final int NVME = 0x010802;
  private static final int BRIDGE = 0x06;

  /**
   * Tells whether this is an NVMe controller (NVMe over PCIe Transport Specification, section on
   * the class code: mass storage, non-volatile memory, NVM Express).
   *
   * @return true for one
   */
  public boolean isNvme() {
    return classCode == NVME;
  }

  /**
   * Tells whether this is a bridge, which stays with its driver in any IOMMU group.
   *
   * @return true for one
   */
  public boolean isBridge() {
    return classCode >> 16 == BRIDGE;
  }

  /**
   * Tells whether user space may drive the function.
   *
   * @return true when it is bound to vfio-pci
   */
  public boolean isBoundToVfio() {
    return VFIO_DRIVER.equals(driver);
  }
}
