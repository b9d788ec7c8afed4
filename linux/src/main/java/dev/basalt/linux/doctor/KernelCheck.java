// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.doctor;

/** Whether the kernel is new enough. */
record KernelCheck() implements Check {
  private static final String NAME = "kernel";

  @Override
  public Finding of(HostFacts facts) {
    SystemFacts system = facts.system();
    String found = "Linux " + system.kernelRelease();
    if (!system.isKernelAtLeast(5, 11)) {
      return Finding.problem(
          NAME, found, "5.11 for io_uring:, 6.1 or newer to be fast", "install a newer kernel");
    }
    if (!system.isKernelAtLeast(6, 1)) {
      return Finding.advice(
          NAME, found, "6.1 or newer for cheap completions", "install a newer kernel");
    }
    return Finding.ok(NAME, found);
  }
}
