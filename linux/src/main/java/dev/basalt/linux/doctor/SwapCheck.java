// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.doctor;

import dev.basalt.linux.host.HostFiles;

/** Whether the kernel may write the pool's pages to a disk behind its back. */
record SwapCheck() implements Check {
  private static final String NAME = "swap";
  private static final int SWAPPINESS_MAX = 1;

  @Override
  public Finding of(HostFacts facts) {
    HostFiles files = facts.files();
    int areas = files.lines("/proc/swaps").size() - 1;
    if (areas < 1) {
      return Finding.ok(NAME, "none");
    }
    long swappiness = files.number("/proc/sys/vm/swappiness", 60);
    String found = areas + " areas, vm.swappiness is " + swappiness;
    return swappiness <= SWAPPINESS_MAX
        ? Finding.ok(NAME, found)
        : Finding.advice(
            NAME,
            found,
            "none or little, lest the pool's pages go to it",
            "sysctl -w vm.swappiness=1 (or swapoff -a)");
  }
}
