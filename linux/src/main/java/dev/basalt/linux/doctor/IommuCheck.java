// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.doctor;

import dev.basalt.linux.host.Iommu;

/** Whether an IOMMU keeps devices in user space from reaching all memory. */
record IommuCheck() implements Check {
  private static final String NAME = "IOMMU";

  @Override
  public Finding of(HostFacts facts) {
    Iommu iommu = facts.iommu();
    if (iommu.isOn()) {
      return Finding.ok(
          NAME,
          (iommu.firmwareTable().isEmpty() ? "no table" : "table " + iommu.firmwareTable())
              + options(iommu)
              + ", "
              + iommu.groupCount()
              + " groups");
    }
    String found = iommu.reason() + options(iommu);
    return facts.mayUseUserSpace()
        ? Finding.advice(NAME, found, "IOMMU groups, for vfio: and spdk:", iommu.mend())
        : Finding.note(NAME, found);
  }

  private static String options(Iommu iommu) {
    return iommu.options().isEmpty()
        ? ", nothing on the command line"
        : ", command line " + String.join(" ", iommu.options());
  }
}
