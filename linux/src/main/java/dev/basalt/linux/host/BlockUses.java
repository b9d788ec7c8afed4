// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.host;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who uses the block devices of a host: mounts, swap, members of larger devices, open files. Looked
 * up once, by the constructor; members are read when asked.
 */
public final class BlockUses {
  private static final String BLOCK = "/sys/class/block/";
  private static final String BTRFS = "/sys/fs/btrfs/";

  /** How deep devices may lie on each other: partition, md, crypt, LVM and more. */
  private static final int DEPTH_MAX = 8;

  private final HostFiles files;
  private final Mounts mounts;
  private final OpenFiles open;
  private final Set<String> swaps = new LinkedHashSet<>();

  /**
   * Looks who uses what.
   *
   * @param files of the host
   */
  public BlockUses(HostFiles files) {
    this.files = files;
    this.mounts = new Mounts(files);
    this.open = new OpenFiles(files);
    for (String line : files.lines("/proc/swaps")) {
      String path = line.split("\\s", 2)[0];
      swaps.add(path.substring(path.lastIndexOf('/') + 1));
    }
  }

  /**
   * Returns the uses of a device.
   *
   * @param device any
   * @return what has to end before it may be taken from the kernel or from a process; empty when
   *     nobody was seen
   */
  public List<BlockUse> of(NvmeDevice device) {
    Set<BlockUse> uses = new LinkedHashSet<>();
    Set<String> names = new LinkedHashSet<>();
    names.add(device.name());
    for (NvmeNamespace namespace : device.namespaces()) {
      for (String node : namespace.nodes()) {
        names.add(node);
        addUses(node, uses, DEPTH_MAX);
      }
      names.add(namespace.genericName());
    }
    for (OpenFiles.OpenFile file : open.of(f -> names.contains(f.node()))) {
      uses.add(opened(file, file.node()));
    }
    addVfioUses(device.function(), uses);
    return List.copyOf(uses);
  }

  /**
   * Returns the uses of any disk or partition.
   *
   * @param node its name, such as {@code sda2}
   * @return what has to end before it may be written to; empty when nobody was seen
   */
  public List<BlockUse> of(String node) {
    Set<BlockUse> uses = new LinkedHashSet<>();
    String disk = BLOCK + node;
    for (String part : files.names(disk)) {
      if (files.exists(disk + "/" + part + "/partition")) {
        addUses(part, uses, DEPTH_MAX);
      }
    }
    addUses(node, uses, DEPTH_MAX);
    for (OpenFiles.OpenFile file : open.of(f -> f.node().equals(node))) {
      uses.add(opened(file, node));
    }
    return List.copyOf(uses);
  }

  /**
   * Returns how many processes could not be looked at.
   *
   * @return 0 for root on most hosts
   */
  public int unseenProcessCount() {
    return open.unseenCount();
  }

  private void addUses(String node, Set<BlockUse> uses, int depth) {
    String device = files.text(BLOCK + node + "/dev", "-");
    for (Mounts.Mount mount : mounts.of(device, node)) {
      uses.add(new BlockUse.Mounted(node, mount.where(), mount.type()));
    }
    if (swaps.contains(node)) {
      uses.add(new BlockUse.Swapped(node));
    }
    for (String fileSystem : files.names(BTRFS)) {
      if (files.names(BTRFS + fileSystem + "/devices").contains(node)) {
        uses.add(new BlockUse.Held(node, fileSystem, "mounted btrfs file system"));
      }
    }
    for (String holder : files.names(BLOCK + node + "/holders")) {
      uses.add(new BlockUse.Held(node, holder, kind(holder)));
      if (depth > 0) {
        addUses(holder, uses, depth - 1);
      }
    }
  }

  private void addVfioUses(@Nullable PciFunction function, Set<BlockUse> uses) {
    if (function == null || !function.isBoundToVfio()) {
      return;
    }
    Set<String> nodes = new LinkedHashSet<>();
    nodes.add("vfio/" + function.iommuGroup());
    nodes.add("vfio/noiommu-" + function.iommuGroup());
    for (String node : files.names(PciBus.DEVICES + function.address() + "/vfio-dev")) {
      nodes.add("vfio/devices/" + node);
    }
    for (String node : nodes) {
      for (OpenFiles.OpenFile file : open.of(f -> f.path().endsWith("/" + node))) {
        uses.add(opened(file, node));
      }
    }
  }

  private BlockUse opened(OpenFiles.OpenFile file, String node) {
    String command = files.text("/proc/" + file.processId() + "/comm", "?");
    return new BlockUse.Opened(node, file.processId(), command);
  }

  private String kind(String holder) {
    if (holder.startsWith("dm-")) {
      String mapping = BLOCK + holder + "/dm/";
      String id = files.text(mapping + "uuid", "");
      String kind =
          id.startsWith("LVM-")
              ? "LVM volume"
              : id.startsWith("CRYPT-") ? "encrypted device" : "device mapper device";
      return kind + " " + files.text(mapping + "name", "?");
    }
    if (holder.startsWith("md")) {
      return "md array";
    }
    return holder.startsWith("bcache") ? "bcache" : "device";
  }
}
