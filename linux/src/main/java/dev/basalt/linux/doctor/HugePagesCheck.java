// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.doctor;

import dev.basalt.linux.host.HugePagePool;
import dev.basalt.linux.host.NvmeDevice;
import java.util.List;
import java.util.StringJoiner;

/** Whether there are huge pages for DMA memory, on the node of the device. */
record HugePagesCheck() implements Check {
  private static final String NAME = "huge pages";
  private static final long SIZE_BYTES = 2 << 20;
  private static final int COUNT_NEEDED = 64;

  @Override
  public Finding of(HostFacts facts) {
    List<HugePagePool> pools = HugePagePool.readAll(facts.files());
    String found = describe(pools);
    if (!facts.mayUseUserSpace()) {
      return Finding.ok(NAME, found);
    }
    int node = node(facts);
    String needed =
        COUNT_NEEDED + " free of 2 MiB on node " + node + ", for DMA memory of vfio: and spdk:";
    for (HugePagePool pool : pools) {
      if (pool.node() == node && pool.sizeBytes() == SIZE_BYTES) {
        long total = pool.totalCount() - pool.freeCount() + COUNT_NEEDED;
        return pool.freeCount() >= COUNT_NEEDED
            ? Finding.ok(NAME, found)
            : Finding.advice(NAME, found, needed, "echo " + total + " > " + pool.reservePath());
      }
    }
    return Finding.advice(NAME, found, needed, "use a kernel with huge pages (CONFIG_HUGETLBFS)");
  }

  private static String describe(List<HugePagePool> pools) {
    StringJoiner text = new StringJoiner(", ");
    for (HugePagePool pool : pools) {
      text.add(
          "node "
              + pool.node()
              + ": "
              + pool.freeCount()
              + " of "
              + pool.totalCount()
              + " of "
              + pool.sizeBytes() / 1024
              + " KiB free");
    }
    return pools.isEmpty() ? "the kernel has none" : text.toString();
  }

  /** Where the device is attached that memory would be for. */
  private static int node(HostFacts facts) {
    for (NvmeDevice device : facts.devices()) {
      boolean isMeant = facts.target() instanceof Target.Place || facts.isTarget(device);
      if (isMeant && device.function() != null) {
        return Math.max(device.function().numaNode(), 0);
      }
    }
    return 0;
  }
}
