// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.doctor;

import dev.basalt.linux.host.HostFiles;

/** Whether the kernel's modules that hand devices to user space are there, and safe. */
record VfioCheck() implements Check {
  private static final String NAME = "vfio";

  @Override
  public Finding of(HostFacts facts) {
    HostFiles files = facts.files();
    if (facts.iommu().isUnsafeModeOn()) {
      return Finding.advice(
          NAME,
          "the unsafe mode without an IOMMU is on: a device in user space reaches all memory",
          "that mode off",
          "echo N > /sys/module/vfio/parameters/enable_unsafe_noiommu_mode");
    }
    if (files.exists("/sys/bus/pci/drivers/vfio-pci")) {
      return Finding.ok(NAME, "vfio-pci is loaded");
    }
    String found = "vfio-pci is not loaded";
    return facts.mayUseUserSpace()
        ? Finding.advice(NAME, found, "vfio-pci, for vfio: and spdk:", "modprobe vfio-pci")
        : Finding.note(NAME, found);
  }
}
