// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.binding;

import static dev.basalt.linux.host.FakeHost.ADDRESS;

import dev.basalt.linux.host.FakeHost;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;

/** Hosts whose device must not, or cannot, be taken; and those where nothing speaks against it. */
record RefusingHost(String name, Consumer<FakeHost> change, List<String> reasons) {
  private static final List<RefusingHost> ALL =
      List.of(
          host("idle", host -> {}),
          host(
              "bridge in group",
              host -> host.pci("0000:00:1c.0", "0x060400", "8086:a110", "pcieport", 12)),
          host(
              "stub in group",
              host -> host.pci("0000:01:00.1", "0x0c0330", "8086:a111", "pci-stub", 12)),
          host(
              "driverless in group",
              host -> host.pci("0000:01:00.1", "0x0c0330", "8086:a111", "", 12)),
          host(
              "mounted",
              host -> host.mount("nvme0n1", "/data", "ext4"),
              "nvme0n1 is mounted at /data (ext4)"),
          host(
              "partition mounted",
              host -> host.partition("nvme0n1", 1).mount("nvme0n1p1", "/var/lib", "xfs"),
              "nvme0n1p1 is mounted at /var/lib (xfs)"),
          host(
              "mounted with a blank",
              host -> host.mount("nvme0n1", "/my\\040data", "ext4"),
              "nvme0n1 is mounted at /my data (ext4)"),
          host(
              "second namespace mounted",
              host -> host.namespace("nvme0", 2).mount("nvme0n2", "/b", "ext4"),
              "nvme0n2 is mounted at /b (ext4)"),
          host(
              "root",
              host -> host.mount("nvme0n1", "/", "ext4"),
              "nvme0n1 is the root device (ext4)"),
          host(
              "root on LVM",
              host ->
                  host.partition("nvme0n1", 3)
                      .mapping("nvme0n1p3", "dm-1", "vg-root", "LVM-aa")
                      .mount("dm-1", "/", "ext4"),
              "nvme0n1p3 is a member of the LVM volume vg-root (dm-1)",
              "dm-1 is the root device (ext4)"),
          host(
              "btrfs by source",
              host -> host.mountLine("0:40", "/b", "btrfs", "/dev/nvme0n1"),
              "nvme0n1 is mounted at /b (btrfs)"),
          host(
              "btrfs member",
              host -> host.directory("/sys/fs/btrfs/1b2c/devices/nvme0n1"),
              "nvme0n1 is a member of the mounted btrfs file system (1b2c)"),
          host(
              "swap",
              host -> host.append("/proc/swaps", "/dev/nvme0n1 partition 100 0 -2\n"),
              "nvme0n1 is swap space"),
          host(
              "LVM",
              host -> host.mapping("nvme0n1", "dm-0", "vg0-data", "LVM-zz"),
              "nvme0n1 is a member of the LVM volume vg0-data (dm-0)"),
          host(
              "crypt",
              host -> host.mapping("nvme0n1", "dm-0", "secret", "CRYPT-LUKS2-b"),
              "nvme0n1 is a member of the encrypted device secret (dm-0)"),
          host(
              "device mapper",
              host -> host.mapping("nvme0n1", "dm-0", "striped", ""),
              "nvme0n1 is a member of the device mapper device striped (dm-0)"),
          host(
              "md",
              host -> host.holder("nvme0n1", "md0"),
              "nvme0n1 is a member of the md array (md0)"),
          host(
              "bcache",
              host -> host.holder("nvme0n1", "bcache0"),
              "nvme0n1 is a member of the bcache (bcache0)"),
          host(
              "idle LVM",
              host -> host.content("nvme0n1", 512, "LABELONE"),
              "nvme0n1 holds an LVM physical volume"),
          host(
              "idle md",
              host -> host.content("nvme0n1", 4096, HexFormat.of().parseHex("fc4e2ba9")),
              "nvme0n1 holds a member of an md array"),
          host(
              "idle bcache",
              host ->
                  host.content(
                      "nvme0n1", 4120, HexFormat.of().parseHex("c68573f64e1a45ca8265f57f48ba6d81")),
              "nvme0n1 holds a bcache device"),
          host(
              "ZFS",
              host ->
                  host.partition("nvme0n1", 1)
                      .content("nvme0n1p1", 135168, HexFormat.of().parseHex("0cb1ba0000000000")),
              "nvme0n1p1 holds a member of a ZFS pool"),
          host(
              "open",
              host -> host.process(812, "mkfs.ext4", "/dev/null", "/dev/nvme0n1"),
              "nvme0n1 is open by process 812 (mkfs.ext4)"),
          host(
              "generic open",
              host -> host.process(9, "fio", "/dev/ng0n1"),
              "ng0n1 is open by process 9 (fio)"),
          host(
              "controller open",
              host -> host.process(9, "smartd", "/dev/nvme0"),
              "nvme0 is open by process 9 (smartd)"),
          host(
              "group not viable",
              host ->
                  host.pci("0000:01:00.1", "0x0c0330", "8086:a111", "xhci_hcd", 12)
                      .pci("0000:01:00.2", "0x020000", "8086:a112", "e1000e", 12)
                      .pci("0000:01:00.3", "0x020000", "8086:a113", "", 12),
              "IOMMU group 12 also has 0000:01:00.1 with driver xhci_hcd,"
                  + " 0000:01:00.2 with driver e1000e"),
          host(
              "no vfio-pci",
              host -> host.remove("/sys/bus/pci/drivers/vfio-pci"),
              "the driver vfio-pci is not loaded"),
          host(
              "IOMMU not used",
              host -> noGroups(host).file("/proc/cmdline", "quiet\n"),
              "the firmware has an IOMMU (table DMAR) that the kernel does not use"),
          host(
              "IOMMU switched off",
              host -> noGroups(host).file("/proc/cmdline", "quiet intel_iommu=off\n"),
              "the IOMMU is switched off by 'intel_iommu=off' on the kernel command line"),
          host(
              "no IOMMU in firmware",
              host -> noGroups(host).remove("/sys/firmware/acpi/tables/DMAR"),
              "the firmware describes no IOMMU (no ACPI table DMAR, IVRS, IORT or VIOT)"),
          host(
              "not in a group",
              host -> host.remove("/sys/bus/pci/devices/" + ADDRESS + "/iommu_group"),
              ADDRESS + " is in no IOMMU group"),
          host(
              "many reasons",
              host ->
                  host.partition("nvme0n1", 1)
                      .mount("nvme0n1p1", "/a", "ext4")
                      .append("/proc/swaps", "/dev/nvme0n1p1 partition 100 0 -2\n")
                      .process(9, "smartd", "/dev/nvme0")
                      .remove("/sys/bus/pci/drivers/vfio-pci"),
              "nvme0n1p1 is mounted at /a (ext4)",
              "nvme0n1p1 is swap space",
              "nvme0 is open by process 9 (smartd)",
              "the driver vfio-pci is not loaded"));

  static List<RefusingHost> all() {
    return ALL;
  }

  FakeHost make(Path root) {
    FakeHost host = new FakeHost(root).nvme();
    change.accept(host);
    return host;
  }

  @Override
  public String toString() {
    return name;
  }

  private static RefusingHost host(String name, Consumer<FakeHost> change, String... reasons) {
    return new RefusingHost(name, change, List.of(reasons));
  }

  private static FakeHost noGroups(FakeHost host) {
    return host.remove("/sys/kernel/iommu_groups")
        .directory("/sys/kernel/iommu_groups")
        .remove("/sys/bus/pci/devices/" + ADDRESS + "/iommu_group");
  }
}
