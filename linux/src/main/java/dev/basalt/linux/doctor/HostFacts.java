// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.doctor;

import dev.basalt.linux.binding.BindCheck;
import dev.basalt.linux.binding.BindRefusal;
import dev.basalt.linux.host.BlockContent;
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
 * @param contents what is on the device that is the target; empty for another target
 */
public record HostFacts(
    HostFiles files,
    SystemFacts system,
    Target target,
    List<NvmeDevice> devices,
    BlockUses uses,
    Iommu iommu,
    List<BlockContent> contents) {
  private static final String CAPABILITIES = "CapEff:";

  /** Copies the lists. */
  public HostFacts {
    devices = List.copyOf(devices);
    contents = List.copyOf(contents);
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
    List<BlockContent> contents =
        target instanceof Target.Device wanted
            ? BindCheck.contents(files, wanted.device())
            : List.of();
    return new HostFacts(
        files,
        system,
        target,
        NvmeDevices.read(files),
        new BlockUses(files),
        Iommu.read(files),
        contents);
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
    return switch (target) {
      case Target.Device wanted -> wanted.device().function() != null;
      case Target.Disk _ -> false;
      case Target.Place _ ->
          devices.stream().anyMatch(device -> device.function() != null && isIdle(device));
    };
  }

  /** Returns what of the device would be lost to something larger, where it is the target. */
  List<BindRefusal> memberships(NvmeDevice device) {
    return isTarget(device) ? BindCheck.refusals(contents) : List.of();
  }

  /** Tells whether this process has a right of root's (capabilities(7)). */
  boolean hasCapability(int number) {
    for (String line : files.lines("/proc/self/status")) {
      if (line.startsWith(CAPABILITIES)) {
        long bits = Long.parseUnsignedLong(line.substring(CAPABILITIES.length()).strip(), 16);
        return (bits & 1L << number) != 0;
      }
    }
    return false;
  }

  boolean hasBackEnd(String scheme) {
    return system.schemes().contains(scheme);
  }

  private boolean isIdle(NvmeDevice device) {
    return uses.of(device).isEmpty();
  }
}
