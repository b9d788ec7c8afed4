// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.binding;

import dev.basalt.linux.host.PciBus;
import dev.basalt.linux.host.PciFunction;
import java.util.ArrayList;
import java.util.List;

/**
 * What has to be written to change the driver of a function (sysfs-bus-pci in Documentation/ABI).
 */
public final class BindPlan {
  /** Where a function without a driver is offered to all of them. */
  static final String PROBE = "/sys/bus/pci/drivers_probe";

  private static final String DRIVERS = "/sys/bus/pci/drivers/";

  private BindPlan() {}

  /**
   * Plans how user space gets a function.
   *
   * @param function as it is now, in any state that a crash may have left
   * @return what to write, in order; nothing when it is bound to vfio-pci
   */
  public static List<AttributeWrite> bind(PciFunction function) {
    List<AttributeWrite> writes = new ArrayList<>();
    if (function.isBoundToVfio()) {
      return writes;
    }
    // First of all: from here on no other driver can take it.
    if (!PciFunction.VFIO_DRIVER.equals(function.driverOverride())) {
      writes.add(override(function, PciFunction.VFIO_DRIVER));
    }
    addRelease(function, writes);
    writes.add(new AttributeWrite(PROBE, function.address()));
    return writes;
  }

  /**
   * Plans how the kernel's own driver gets a function back.
   *
   * @param function as it is now, in any state that a crash may have left
   * @return what to write, in order; nothing when it is where it belongs
   */
  public static List<AttributeWrite> unbind(PciFunction function) {
    List<AttributeWrite> writes = new ArrayList<>();
    // First of all: whatever happens next, the next probe gives it to the kernel's driver.
    if (function.driverOverride() != null) {
      writes.add(override(function, ""));
    }
    if (!isWithKernel(function)) {
      addRelease(function, writes);
      writes.add(new AttributeWrite(PROBE, function.address()));
    }
    return writes;
  }

  /** Tells whether a function has the driver the kernel would choose for an NVMe controller. */
  static boolean isWithKernel(PciFunction function) {
    return "nvme".equals(function.driver());
  }

  private static AttributeWrite override(PciFunction function, String driver) {
    return new AttributeWrite(PciBus.DEVICES + function.address() + "/driver_override", driver);
  }

  private static void addRelease(PciFunction function, List<AttributeWrite> writes) {
    if (function.driver() != null) {
      String path = DRIVERS + function.driver() + "/unbind";
      writes.add(new AttributeWrite(path, function.address()));
    }
  }
}
