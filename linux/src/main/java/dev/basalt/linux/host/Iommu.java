// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.host;

import java.util.ArrayList;
import java.util.List;

/**
 * The IOMMU of a host: what the firmware, the kernel's command line and the kernel say of it.
 *
 * @param vendor {@code intel}, {@code amd}, or empty for any other processor
 * @param firmwareTable the ACPI table that describes it, or empty
 * @param unitCount units the kernel has found
 * @param groupCount IOMMU groups
 * @param options words of the kernel's command line that concern it
 * @param isUnsafeModeOn whether vfio hands out devices without one
 */
public record Iommu(
    String vendor,
    String firmwareTable,
    int unitCount,
    int groupCount,
    List<String> options,
    boolean isUnsafeModeOn) {
  /** Intel, AMD, Arm, and the one of a virtual machine (ACPI specification and its companions). */
  private static final List<String> TABLES = List.of("DMAR", "IVRS", "IORT", "VIOT");

  /** Copies the options. */
  public Iommu {
    options = List.copyOf(options);
  }

  /**
   * Reads what is said of the IOMMU.
   *
   * @param files of the host
   * @return what was found
   */
  public static Iommu read(HostFiles files) {
    String firmwareTable = "";
    for (String table : TABLES) {
      if (firmwareTable.isEmpty() && files.exists("/sys/firmware/acpi/tables/" + table)) {
        firmwareTable = table;
      }
    }
    return new Iommu(
        vendor(files),
        firmwareTable,
        files.names("/sys/class/iommu").size(),
        files.names("/sys/kernel/iommu_groups").size(),
        options(files),
        files.text("/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "N").matches("[Yy1]"));
  }

  /**
   * Tells whether devices can be handed to user space safely.
   *
   * @return true when the kernel has put devices into groups
   */
  public boolean isOn() {
    return groupCount > 0;
  }

  /**
   * Says why there is no IOMMU.
   *
   * @return what was found; only where it is not {@link #isOn}
   */
  public String reason() {
    String off = offOption();
    if (!off.isEmpty()) {
      return "the IOMMU is switched off by '" + off + "' on the kernel command line";
    }
    return firmwareTable.isEmpty()
        ? "the firmware describes no IOMMU (no ACPI table DMAR, IVRS, IORT or VIOT)"
        : "the firmware has an IOMMU (table " + firmwareTable + ") that the kernel does not use";
  }

  /**
   * Says how to get an IOMMU.
   *
   * @return what to do; only where it is not {@link #isOn}
   */
  public String mend() {
    String off = offOption();
    if (!off.isEmpty()) {
      return "remove '" + off + "' from the kernel command line and restart";
    }
    return firmwareTable.isEmpty()
        ? "enable "
            + firmwareName()
            + " in the firmware's set-up; in a virtual machine ask for a"
            + " virtual IOMMU"
        : onAdvice();
  }

  private String offOption() {
    for (String option : options) {
      if (option.endsWith("=off")) {
        return option;
      }
    }
    return "";
  }

  private String onAdvice() {
    return switch (firmwareTable) {
      case "DMAR" -> "add 'intel_iommu=on' to the kernel command line and restart";
      case "IVRS" -> "add 'amd_iommu=on' to the kernel command line and restart";
      default -> "use a kernel that has its driver (CONFIG_ARM_SMMU_V3, CONFIG_VIRTIO_IOMMU)";
    };
  }

  private String firmwareName() {
    return switch (vendor) {
      case "intel" -> "VT-d";
      case "amd" -> "AMD-Vi (IOMMU)";
      default -> "the IOMMU (VT-d, AMD-Vi, SMMU)";
    };
  }

  private static String vendor(HostFiles files) {
    String processors = files.text("/proc/cpuinfo", "");
    return processors.contains("GenuineIntel")
        ? "intel"
        : processors.contains("AuthenticAMD") ? "amd" : "";
  }

  private static List<String> options(HostFiles files) {
    List<String> options = new ArrayList<>();
    for (String word : files.text("/proc/cmdline", "").split("\\s+", -1)) {
      if (word.matches("(intel_iommu|amd_iommu|iommu|iommu\\.\\w+)=.*")) {
        options.add(word);
      }
    }
    return options;
  }
}
