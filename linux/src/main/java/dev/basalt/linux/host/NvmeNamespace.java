// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.host;

import java.util.ArrayList;
import java.util.List;

/**
 * A namespace of an NVMe controller that the kernel drives.
 *
 * @param name of its disk, such as {@code nvme0n1}
 * @param id its number in the controller, from 1
 * @param sizeBytes capacity, 0 where the kernel cannot use its format
 * @param format how it is formatted
 * @param hasGenericNode whether commands can be handed to it through {@link #genericName}
 * @param partitions names of its partitions
 */
public record NvmeNamespace(
    String name,
    int id,
    long sizeBytes,
    LbaFormat format,
    boolean hasGenericNode,
    List<String> partitions) {
  private static final String BLOCK = "/sys/class/block/";
  private static final String GENERIC = "/sys/class/nvme-generic/";
  private static final int SECTOR_BYTES = 512; // the unit of sysfs, whatever the block is

  /** Copies the names. */
  public NvmeNamespace {
    partitions = List.copyOf(partitions);
  }

  static NvmeNamespace read(HostFiles files, String name) {
    String disk = BLOCK + name + "/";
    return new NvmeNamespace(
        name,
        (int) files.number(disk + "nsid", 1),
        files.number(disk + "size", 0) * SECTOR_BYTES,
        LbaFormat.read(files, disk),
        files.exists(GENERIC + genericName(name)),
        files.names(disk).stream().filter(entry -> entry.startsWith(name + "p")).toList());
  }

  /**
   * Returns the character device for passthrough commands.
   *
   * @return such as {@code ng0n1}, whether it exists or not
   */
  public String genericName() {
    return genericName(name);
  }

  /**
   * Returns the disk and its partitions.
   *
   * @return names, the disk first
   */
  public List<String> nodes() {
    List<String> nodes = new ArrayList<>();
    nodes.add(name);
    nodes.addAll(partitions);
    return nodes;
  }

  private static String genericName(String name) {
    return "ng" + name.substring("nvme".length());
  }
}
