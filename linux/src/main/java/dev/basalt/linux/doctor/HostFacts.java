// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.doctor;

import dev.basalt.linux.host.BlockUses;
import dev.basalt.linux.host.HostFiles;
import dev.basalt.linux.host.Iommu;
import dev.basalt.linux.host.NvmeDevice;
import dev.basalt.linux.host.NvmeDevices;
import java.util.List;

/**
 * All a diagnosis is made of.
 *
 * @param files of the host
 * @param system what no file tells
 * @param target where the store shall be
 * @param devices the NVMe devices
 * @param uses who uses them
 * @param iommu of the host
 */
public record HostFacts(
    HostFiles files,
    SystemFacts system,
    Target target,
    List<NvmeDevice> devices,
    BlockUses uses,
    Iommu iommu) {
  /** Copies the devices. */
  public HostFacts {
    devices = List.copyOf(devices);
  }

  /**
   * Reads a host.
   *
   * @param files of the host
   * @param system what no file tells
   * @param target where the store shall be
   * @return what was found
   */
  public static HostFacts read(HostFiles files, SystemFacts system, Target target) {
    return new HostFacts(
        files, system, target, NvmeDevices.read(files), new BlockUses(files), Iommu.read(files));
  }

  /** Tells whether the target is this device. */
  boolean isTarget(NvmeDevice device) {
    return target instanceof Target.Device wanted && wanted.device().equals(device);
  }

  /**
   * Tells whether anything here could be driven from user space: a back end of this build that does
   * so, and a device on the bus for it, the target or else any.
   */
  boolean mayUseUserSpace() {
    if (!hasBackEnd(BackEnds.VFIO) && !hasBackEnd(BackEnds.SPDK)) {
      return false;
    }
    return target instanceof Target.Device wanted
        ? wanted.device().function() != null
        : devices.stream().anyMatch(device -> device.function() != null && isIdle(device));
  }

  boolean hasBackEnd(String scheme) {
    return system.schemes().contains(scheme);
  }

  private boolean isIdle(NvmeDevice device) {
    return uses.of(device).isEmpty();
  }
}
