// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.host;

import java.util.ArrayList;
import java.util.List;

/**
 * The reserved huge pages of one size on one NUMA node.
 *
 * @param sizeBytes of a page
 * @param node its number, or 0 on a kernel without nodes
 * @param totalCount how many are reserved
 * @param freeCount how many of them nobody uses
 */
public record HugePagePool(long sizeBytes, int node, long totalCount, long freeCount) {
  private static final String NODES = "/sys/devices/system/node/";
  private static final String WITHOUT_NODES = "/sys/kernel/mm/hugepages/";

  /**
   * Reads the pools of all sizes and nodes.
   *
   * @param files of the host
   * @return by node, then by size; none where the kernel has no huge pages
   */
  public static List<HugePagePool> readAll(HostFiles files) {
    List<HugePagePool> pools = new ArrayList<>();
    for (String name : files.names(NODES)) {
      if (name.matches("node\\d+")) {
        int node = Integer.parseInt(name.substring("node".length()));
        addPools(files, NODES + name + "/hugepages/", node, pools);
      }
    }
    if (pools.isEmpty()) {
      addPools(files, WITHOUT_NODES, 0, pools);
    }
    return pools;
  }

  /**
   * Returns the file that reserves pages of this size on this node.
   *
   * @return its path where the kernel has nodes
   */
  public String reservePath() {
    return NODES + "node" + node + "/hugepages/hugepages-" + sizeBytes / 1024 + "kB/nr_hugepages";
  }

  private static void addPools(
      HostFiles files, String directory, int node, List<HugePagePool> pools) {
    for (String name : files.names(directory)) {
      if (name.matches("hugepages-\\d+kB")) {
        String pool = directory + name + "/";
        long kibibytes = Long.parseLong(name.replaceAll("\\D", ""));
        pools.add(
            new HugePagePool(
                kibibytes * 1024,
                node,
                files.number(pool + "nr_hugepages", 0),
                files.number(pool + "free_hugepages", 0)));
      }
    }
  }
}
