// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.doctor;

import static dev.basalt.linux.host.FakeHost.ADDRESS;

import dev.basalt.linux.DirectProbe;
import dev.basalt.linux.Errno;
import dev.basalt.linux.Memlock;
import dev.basalt.linux.host.BlockUses;
import dev.basalt.linux.host.FakeHost;
import dev.basalt.linux.host.HostFiles;
import dev.basalt.linux.host.NvmeDevices;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * A host with one thing wrong, or nothing, and what the doctor should say first. The target is the
 * directory /data on ext4, unless changed.
 */
final class FakedHost {
  private static final List<FakedHost> ALL = new ArrayList<>();
  private static final Set<String> SCHEMES =
      Set.of("file", "io_uring", "nvme-uring", "ram", "sim", "spdk", "vfio", "xnvme");

  private final String name;
  private final String first;
  private final String mend;
  private final String uri;

  private Consumer<FakeHost> change = _ -> {};
  private String kernel = "6.18.1";
  private int ringErrno;
  private long memlockBytes = Memlock.UNLIMITED;
  private boolean isNativeAccessEnabled = true;
  private Set<String> schemes = SCHEMES;
  private String device = "";
  private String disk = "";
  private DirectProbe probe = new DirectProbe("ext4", 0);

  static {
    addPlaces();
    addIdleDevices();
    addFormats();
    addUsedDevices();
    addDevicesOfUserSpace();
  }

  private FakedHost(String name, String first, String mend, String uri) {
    this.name = name;
    this.first = first;
    this.mend = mend;
    this.uri = uri;
    ALL.add(this);
  }

  static List<FakedHost> all() {
    return List.copyOf(ALL);
  }

  /** The name of the line that says what to do first, or empty. */
  String first() {
    return first;
  }

  /** What that line says to do, or a part of it. */
  String mend() {
    return mend;
  }

  /** What to open, or empty. */
  String uri() {
    return uri;
  }

  HostFacts make(Path root) {
    FakeHost host = new FakeHost(root);
    change.accept(host);
    SystemFacts system =
        new SystemFacts(
            kernel,
            ringErrno,
            ringErrno == 0 ? "single issuer, deferred task work, no array" : "",
            memlockBytes,
            new SystemFacts.JavaFacts("25.0.3", isNativeAccessEnabled, 4L << 30),
            schemes);
    return HostFacts.read(host.files(), system, target(host.files()));
  }

  @Override
  public String toString() {
    return name;
  }

  private static void addPlaces() {
    healthy("a plain machine", "io_uring:/data/store");
    host("a container that forbids io_uring", "io_uring", "--security-opt seccomp=", "file:")
        .ring(Errno.EPERM)
        .with(host -> host.file("/proc/self/status", "Seccomp:\t2\n"));
    host("a container that hides io_uring", "io_uring", "--security-opt seccomp=", "file:")
        .ring(Errno.ENOSYS);
    host("io_uring forbidden to all", "io_uring", "sysctl -w kernel.io_uring_disabled=0", "file:")
        .ring(Errno.EPERM)
        .with(host -> host.file("/proc/sys/kernel/io_uring_disabled", "2\n"));
    host("io_uring for a group only", "io_uring", "kernel.io_uring_group", "file:")
        .ring(Errno.EPERM)
        .with(host -> host.file("/proc/sys/kernel/io_uring_disabled", "1\n"));
    host("rings charged to little locked memory", "io_uring", "ulimit -l unlimited", "file:")
        .kernel("5.11.22")
        .ring(Errno.ENOMEM)
        .memlock(64 << 10);
    host("a very old kernel", "kernel", "install a newer kernel", "file:")
        .kernel("5.4.0-150-generic")
        .ring(Errno.ENOSYS);
    host("an old kernel", "kernel", "install a newer kernel", "io_uring:").kernel("5.15.0");
    healthy("a kernel without batches", "io_uring:/data/store").kernel("6.6.30");
    host("tmpfs of an old kernel", "O_DIRECT", "use file:", "file:/data/store")
        .probe("tmpfs", Errno.EINVAL);
    host("an overlay of an old kernel", "O_DIRECT", "name a place on a disk", "file:/data/store")
        .probe("overlay", Errno.EINVAL);
    healthy("libraries in places of their own", "io_uring:/data/store")
        .with(host -> host.file("/opt/spdk/lib/pkgconfig/spdk_nvme.pc", "Version: 18.0\n"))
        .with(host -> host.file("/opt/xnvme/lib/pkgconfig/xnvme.pc", "Version: 0.7.5\n"));
    host("a read-only place", "O_DIRECT", "name another place", "").probe("ext4", Errno.EROFS);
    host("another user's place", "O_DIRECT", "name another place", "").probe("xfs", Errno.EACCES);
    host("a place that is not there", "O_DIRECT", "another place", "")
        .probe("unknown", Errno.ENOENT);
    host("strict overcommit", "overcommit", "sysctl -w vm.overcommit_memory=0", "io_uring:")
        .with(host -> host.file("/proc/sys/vm/overcommit_memory", "2\n"));
    host("swap", "swap", "sysctl -w vm.swappiness=1", "io_uring:")
        .with(host -> host.append("/proc/swaps", "/dev/sda2 partition 1000 0 -2\n"));
    healthy("swap for emergencies", "io_uring:/data/store")
        .with(
            host ->
                host.append("/proc/swaps", "/dev/sda2 partition 1000 0 -2\n")
                    .file("/proc/sys/vm/swappiness", "1\n"));
    host("powersave", "governor", "echo performance | tee", "io_uring:")
        .with(
            host ->
                host.file("/sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "powersave\n"));
    host(
            "no flag for native access",
            "Java",
            "--enable-native-access=dev.basalt.linux,dev.basalt.spdk",
            "io_uring")
        .withoutNativeAccess();
    host("little locked memory", "locked memory", "ulimit -l 8192", "io_uring:").memlock(64 << 10);
    healthy("little locked memory, but the right to more", "io_uring:/data/store")
        .memlock(64 << 10)
        .with(host -> host.file("/proc/self/status", "CapEff:\t000001ffffffffff\n"));
    healthy("no IOMMU and no device that needs one", "io_uring:/data/store")
        .with(FakedHost::takeIommuAway);
    host("two problems and some advice", "io_uring", "seccomp", "file:")
        .ring(Errno.EPERM)
        .kernel("5.15.0")
        .with(host -> host.file("/proc/sys/vm/overcommit_memory", "2\n"));
  }

  private static void addIdleDevices() {
    healthy("an idle device", "nvme-uring:/dev/ng0n1").device();
    healthy("an idle device, a build for disks only", "io_uring:/dev/nvme0n1")
        .device()
        .schemes("io_uring", "file");
    healthy("no IOMMU, a build that needs none", "io_uring:/dev/nvme0n1")
        .device(FakedHost::takeIommuAway)
        .schemes("io_uring", "file");
    host("no generic node", "", "", "io_uring:/dev/nvme0n1")
        .device(host -> host.remove("/sys/class/nvme-generic"));
    host("a device, an old kernel", "kernel", "install a newer", "io_uring:/dev/nvme0n1")
        .device()
        .kernel("5.15.0");
    healthy("a device, an older kernel, not root", "io_uring:/dev/nvme0n1")
        .device()
        .kernel("6.1.0");
    healthy("a device, an older kernel, root", "nvme-uring:/dev/ng0n1")
        .device(host -> host.file("/proc/self/status", "CapEff:\t000001ffffffffff\n"))
        .kernel("6.1.0");
    host("a device, io_uring refused", "io_uring", "seccomp", "").device().ring(Errno.EPERM);
    host("no IOMMU in the firmware", "IOMMU", "enable VT-d", "nvme-uring:/dev/ng0n1")
        .device(FakedHost::takeIommuAway);
    host("no IOMMU, AMD", "IOMMU", "enable AMD-Vi", "nvme-uring:/dev/ng0n1")
        .device(
            host -> {
              takeIommuAway(host);
              host.file("/proc/cpuinfo", "vendor_id\t: AuthenticAMD\n");
            });
    host("IOMMU switched off", "IOMMU", "remove 'intel_iommu=off'", "nvme-uring:/dev/ng0n1")
        .device(
            host -> {
              takeIommuAway(host);
              host.file("/sys/firmware/acpi/tables/DMAR", "")
                  .file("/proc/cmdline", "root=/dev/sda1 intel_iommu=off quiet\n");
            });
    host("IOMMU not switched on", "IOMMU", "add 'amd_iommu=on'", "nvme-uring:/dev/ng0n1")
        .device(
            host -> {
              takeIommuAway(host);
              host.file("/sys/firmware/acpi/tables/IVRS", "").file("/proc/cmdline", "quiet\n");
            });
    host("no vfio-pci", "vfio", "modprobe vfio-pci", "nvme-uring:/dev/ng0n1")
        .device(host -> host.remove("/sys/bus/pci/drivers/vfio-pci"));
    host("the unsafe mode", "vfio", "enable_unsafe_noiommu_mode", "nvme-uring:/dev/ng0n1")
        .device(host -> host.file("/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y\n"));
    host("a shared group", "NVMe nvme0", "take these from their drivers", "nvme-uring:/dev/ng0n1")
        .device(host -> host.pci("0000:01:00.1", "0x0c0330", "8086:a111", "xhci_hcd", 12));
    host("no huge pages", "huge pages", "echo 64 > /sys/devices/system/node/node0", "nvme-uring:")
        .device(host -> host.hugePages(0, 0, 0));
    host("used huge pages", "huge pages", "echo 114 > ", "nvme-uring:")
        .device(host -> host.hugePages(0, 100, 50));
    host("huge pages elsewhere", "huge pages", "/node/node1/hugepages", "nvme-uring:")
        .device(
            host ->
                host.hugePages(1, 0, 0)
                    .file("/sys/bus/pci/devices/" + ADDRESS + "/numa_node", "1\n"));
    host("a device, little locked memory", "locked memory", "ulimit -l 65536", "nvme-uring:")
        .device()
        .memlock(8 << 20);
  }

  private static void addFormats() {
    host("a zoned namespace", "NVMe nvme0", "take another device", "")
        .device(host -> host.file("/sys/class/block/nvme0n1/queue/zoned", "host-managed\n"));
    healthy("a zoned namespace beside the one asked for", "nvme-uring:/dev/ng0n1")
        .device(
            host ->
                host.namespace("nvme0", 2)
                    .file("/sys/class/block/nvme0n2/queue/zoned", "host-managed\n"));
    host("blocks with metadata", "NVMe nvme0", "nvme format", "io_uring:/dev/nvme0n1")
        .device(host -> host.file("/sys/class/block/nvme0n1/metadata_bytes", "8\n"));
    healthy("the second namespace", "nvme-uring:/dev/ng0n2")
        .device(host -> host.namespace("nvme0", 2))
        .named("/dev/nvme0n2");
    healthy("NVMe over TCP", "nvme-uring:/dev/ng1n1")
        .device(
            host -> {
              takeIommuAway(host);
              host.controller("nvme1", "tcp", "traddr=10.0.0.7", "T1").namespace("nvme1", 1);
            })
        .named("nvme1");
  }

  private static void addUsedDevices() {
    healthy("another disk", "io_uring:/dev/sda2").disk("sda2");
    host("another disk, io_uring refused", "io_uring", "seccomp", "")
        .disk("sda2")
        .ring(Errno.EPERM);
    host("another disk that is mounted", "disk", "umount /data", "io_uring:/data/store")
        .with(host -> host.file("/sys/class/block/sda2/dev", "8:2\n").mount("sda2", "/data", "xfs"))
        .disk("sda2");
    host("another disk, a partition of which is swap", "disk", "swapoff /dev/sda2", "")
        .with(
            host ->
                host.file("/sys/class/block/sda/sda2/partition", "2\n")
                    .file("/proc/sys/vm/swappiness", "1\n")
                    .append("/proc/swaps", "/dev/sda2 partition 1000 0 -2\n"))
        .disk("sda");
    host("a partition that is open", "disk", "end process 7 (dd)", "")
        .with(host -> host.nvme().partition("nvme0n1", 1).process(7, "dd", "/dev/nvme0n1p1"))
        .disk("nvme0n1p1");
    healthy("a partition beside one that is mounted", "io_uring:/dev/nvme0n1p1")
        .with(
            host ->
                host.nvme()
                    .partition("nvme0n1", 1)
                    .partition("nvme0n1", 2)
                    .mount("nvme0n1p2", "/", "ext4"))
        .disk("nvme0n1p1");
    host("an idle LVM member", "NVMe nvme0", "wipefs --all /dev/nvme0n1", "")
        .device(host -> host.content("nvme0n1", 512, "LABELONE"));
    healthy("a device with data", "nvme-uring:/dev/ng0n1")
        .device(host -> host.content("nvme0n1", 0, "XFSB"));
    host("mounted", "NVMe nvme0", "umount /data", "io_uring:/data/store")
        .device(host -> host.mount("nvme0n1", "/data", "ext4"));
    host("mounted, io_uring refused", "io_uring", "seccomp", "file:/data/store")
        .device(host -> host.mount("nvme0n1", "/data", "ext4"))
        .ring(Errno.EPERM);
    host("the root device", "NVMe nvme0", "does not run from", "io_uring:/var/lib/store")
        .device(host -> host.partition("nvme0n1", 2).mount("nvme0n1p2", "/", "ext4"));
    host("an LVM member", "NVMe nvme0", "volume group", "")
        .device(host -> host.mapping("nvme0n1", "dm-0", "vg0-data", "LVM-zz"));
    host("an LVM member that is mounted", "NVMe nvme0", "volume group", "io_uring:/srv/store")
        .device(
            host ->
                host.mapping("nvme0n1", "dm-0", "vg0-data", "LVM-zz").mount("dm-0", "/srv", "xfs"));
    host("a member of an array", "NVMe nvme0", "mdadm --stop /dev/md0", "")
        .device(host -> host.holder("nvme0n1", "md0"));
    host("swap on it", "NVMe nvme0", "swapoff /dev/nvme0n1", "")
        .device(host -> host.append("/proc/swaps", "/dev/nvme0n1 partition 1000 0 -2\n"));
    host("open by a process", "NVMe nvme0", "end process 812 (fio)", "")
        .device(host -> host.process(812, "fio", "/dev/ng0n1"));
    healthy("another device is mounted", "nvme-uring:/dev/ng0n1")
        .device(host -> host.nvme(1, "0000:02:00.0", "X", 13).mount("nvme1n1", "/data", "ext4"));
  }

  private static void addDevicesOfUserSpace() {
    Consumer<FakeHost> bound = host -> host.pci(ADDRESS, "0x010802", "144d:a808", "vfio-pci", 12);
    healthy("bound to vfio-pci", "vfio:" + ADDRESS + "/1").with(bound).named(ADDRESS);
    host("bound, a build for disks only", "NVMe " + ADDRESS, "basalt device unbind", "")
        .with(bound)
        .named(ADDRESS)
        .schemes("io_uring", "file");
    host("bound and driven", "NVMe " + ADDRESS, "end process 900 (java)", "")
        .with(bound.andThen(host -> host.process(900, "java", "/dev/vfio/12")))
        .named(ADDRESS);
    healthy("bound, with SPDK", "spdk:" + ADDRESS + "/1")
        .with(
            bound.andThen(
                host -> host.file("/usr/local/lib/pkgconfig/spdk_nvme.pc", "Version: 18.0\n")))
        .named(ADDRESS)
        .schemes("io_uring", "spdk");
    host("bound, without SPDK", "NVMe " + ADDRESS, "basalt device unbind", "")
        .with(bound)
        .named(ADDRESS)
        .schemes("io_uring", "spdk");
    healthy("bound to nothing", "")
        .with(host -> host.pci(ADDRESS, "0x010802", "144d:a808", "", 12))
        .named(ADDRESS);
  }

  private Target target(HostFiles files) {
    if (!disk.isEmpty()) {
      return new Target.Disk("/dev/" + disk, new BlockUses(files).of(disk));
    }
    return device.isEmpty()
        ? new Target.Place("/data/", probe)
        : new Target.Device(
            device, NvmeDevices.find(files, NvmeDevices.read(files), device).getFirst());
  }

  private static FakedHost healthy(String name, String uri) {
    return new FakedHost(name, "", "", uri);
  }

  private static FakedHost host(String name, String first, String mend, String uri) {
    return new FakedHost(name, first, mend, uri);
  }

  private static void takeIommuAway(FakeHost host) {
    host.remove("/sys/kernel/iommu_groups")
        .remove("/sys/bus/pci/devices/" + ADDRESS + "/iommu_group")
        .remove("/sys/class/iommu/dmar0")
        .remove("/sys/firmware/acpi/tables/DMAR")
        .file("/proc/cmdline", "root=/dev/sda1 quiet\n");
  }

  private FakedHost with(Consumer<FakeHost> more) {
    change = change.andThen(more);
    return this;
  }

  private FakedHost device() {
    return device(_ -> {});
  }

  private FakedHost device(Consumer<FakeHost> more) {
    return with(FakeHost::nvme).with(more).named("/dev/nvme0n1");
  }

  private FakedHost disk(String name) {
    disk = name;
    return this;
  }

  private FakedHost named(String name) {
    device = name;
    return this;
  }

  private FakedHost kernel(String release) {
    kernel = release;
    return this;
  }

  private FakedHost ring(int errno) {
    ringErrno = errno;
    return this;
  }

  private FakedHost memlock(long bytes) {
    memlockBytes = bytes;
    return this;
  }

  private FakedHost withoutNativeAccess() {
    isNativeAccessEnabled = false;
    return this;
  }

  private FakedHost schemes(String... names) {
    schemes = Set.of(names);
    return this;
  }

  private FakedHost probe(String fileSystem, int errno) {
    probe = new DirectProbe(fileSystem, errno);
    return this;
  }
}
