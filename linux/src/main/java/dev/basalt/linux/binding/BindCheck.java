// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.binding;

import dev.basalt.linux.host.BlockContent;
import dev.basalt.linux.host.BlockUse;
import dev.basalt.linux.host.BlockUses;
import dev.basalt.linux.host.HostFiles;
import dev.basalt.linux.host.Iommu;
import dev.basalt.linux.host.NvmeDevice;
import dev.basalt.linux.host.PciBus;
import dev.basalt.linux.host.PciFunction;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Decides whether a device may be taken from its kernel driver. */
public final class BindCheck {
  private static final String VFIO_DRIVER_DIRECTORY = "/sys/bus/pci/drivers/vfio-pci";

  /** Those who leave a function alone, so that a group of them is viable (drivers/vfio). */
  private static final Set<String> HARMLESS_DRIVERS = Set.of(PciFunction.VFIO_DRIVER, "pci-stub");

  private BindCheck() {}

  /**
   * Looks for reasons against taking a device, without reading it.
   *
   * @param files of the host
   * @param device any
   * @param uses of the same host
   * @return none for a device that user space has already; else first what protects data, then what
   *     the machine lacks
   */
  public static List<BindRefusal> refusals(HostFiles files, NvmeDevice device, BlockUses uses) {
    List<BindRefusal> refusals = new ArrayList<>();
    PciFunction function = device.function();
    if (function == null) {
      String transport = device.controller() == null ? "?" : device.controller().transport();
      return List.of(new BindRefusal.OverNetwork(device.name(), transport));
    }
    if (function.isBoundToVfio()) {
      return List.of();
    }
    for (BlockUse use : uses.of(device)) {
      refusals.add(new BindRefusal.InUse(use));
    }
    addGroupRefusals(files, function, refusals);
    if (!files.exists(VFIO_DRIVER_DIRECTORY)) {
      refusals.add(new BindRefusal.NoVfio());
    }
    return refusals;
  }

  /**
   * Reads the beginning of all disks and partitions of a device.
   *
   * @param files of the host
   * @param device any
   * @return what is not empty; empty for a device without the kernel's driver, which nobody can
   *     read
   */
  public static List<BlockContent> contents(HostFiles files, NvmeDevice device) {
    List<BlockContent> contents = new ArrayList<>();
    for (String node : device.nodes()) {
      BlockContent content = BlockContent.read(files, node);
      if (content.kind() != BlockContent.Kind.EMPTY) {
        contents.add(content);
      }
    }
    return contents;
  }

  /**
   * Looks for reasons in what a device holds.
   *
   * @param contents of {@link #contents}
   * @return one for each disk or partition that belongs to something larger
   */
  public static List<BindRefusal> refusals(List<BlockContent> contents) {
    List<BindRefusal> refusals = new ArrayList<>();
    for (BlockContent content : contents) {
      if (content.kind() == BlockContent.Kind.MEMBER) {
        refusals.add(new BindRefusal.MemberContent(content));
      }
    }
    return refusals;
  }

  private static void addGroupRefusals(
      HostFiles files, PciFunction function, List<BindRefusal> refusals) {
    if (function.iommuGroup() == PciFunction.NO_GROUP) {
      Iommu iommu = Iommu.read(files);
      refusals.add(
          iommu.isOn()
              ? new BindRefusal.NoIommu(
                  function.address() + " is in no IOMMU group", "put it into another slot")
              : new BindRefusal.NoIommu(iommu.reason(), iommu.mend()));
      return;
    }
    List<PciFunction> others = new ArrayList<>();
    for (PciFunction other : PciBus.group(files, function.iommuGroup())) {
      if (!other.address().equals(function.address()) && isInTheWay(other)) {
        others.add(other);
      }
    }
    if (!others.isEmpty()) {
      refusals.add(new BindRefusal.GroupNotViable(function.iommuGroup(), others));
    }
  }

  private static boolean isInTheWay(PciFunction other) {
    return !other.isBridge()
        && other.driver() != null
        && !HARMLESS_DRIVERS.contains(other.driver());
  }
}
