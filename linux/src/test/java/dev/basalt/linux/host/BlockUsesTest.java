// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.host;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BlockUsesTest {
  @TempDir private Path root;

  private FakeHost host;

  @BeforeEach
  void makeHost() {
    host = new FakeHost(root).nvme().partition("nvme0n1", 1).partition("nvme0n1", 2);
  }

  @Test
  void shouldSeeNoUseOfAnIdleDevice() {
    assertUses();
  }

  @Test
  void shouldSeeMountsOfDisksAndPartitions() {
    host.mount("nvme0n1p2", "/srv/my\\040data", "xfs").mount("nvme0n1p1", "/", "ext4");
    assertUses("nvme0n1p1 is the root device (ext4)", "nvme0n1p2 is mounted at /srv/my data (xfs)");
  }

  @Test
  void shouldSeeMountsOfOtherMountNamespaces() {
    host.process(77, "containerd")
        .link("/proc/77/ns/mnt", "mnt:[4026532200]")
        .file(
            "/proc/77/mountinfo",
            "9 1 "
                + host.files().text("/sys/class/block/nvme0n1/dev")
                + " / /box rw - ext4 /dev/nvme0n1 rw\n");
    assertUses("nvme0n1 is mounted at /box (ext4)");
  }

  @Test
  void shouldSeeMembersOfFileSystemsOfSeveralDevices() {
    host.mountLine("0:44", "/pool", "btrfs", "/dev/sdb")
        .directory("/sys/fs/btrfs/5f1a/devices/nvme0n1p1");
    assertUses("nvme0n1p1 is a member of the mounted btrfs file system (5f1a)");
  }

  @Test
  void shouldSeeSwap() {
    host.append("/proc/swaps", "/dev/nvme0n1p2 partition 8388604 0 -2\n");
    assertUses("nvme0n1p2 is swap space");
  }

  @Test
  void shouldSeeWhatLiesOnAMember() {
    host.mapping("nvme0n1p1", "dm-0", "vg0-root", "LVM-x1y2").mount("dm-0", "/", "ext4");
    assertUses(
        "nvme0n1p1 is a member of the LVM volume vg0-root (dm-0)",
        "dm-0 is the root device (ext4)");
  }

  @Test
  void shouldSeeArraysAndOtherMembers() {
    host.holder("nvme0n1p1", "md127")
        .holder("nvme0n1p2", "bcache0")
        .mapping("nvme0n1", "dm-3", "secret", "CRYPT-LUKS2-ab");
    assertUses(
        "nvme0n1 is a member of the encrypted device secret (dm-3)",
        "nvme0n1p1 is a member of the md array (md127)",
        "nvme0n1p2 is a member of the bcache (bcache0)");
  }

  @Test
  void shouldSeeOpenFilesAlsoOfAContainer() {
    host.process(812, "fio", "/dev/null", "/dev/ng0n1")
        .process(813, "smartd", "/dev/nvme0")
        .process(814, "mkfs.ext4", "/nvme0n1")
        .process(815, "vi", "/home/me/nvme0n1.txt", "/dev/nvme1n1");
    assertUses(
        "ng0n1 is open by process 812 (fio)",
        "nvme0 is open by process 813 (smartd)",
        "nvme0n1 is open by process 814 (mkfs.ext4)");
  }

  @Test
  void shouldSeeWhoDrivesADeviceFromUserSpace() {
    host = new FakeHost(root.resolve("other"));
    host.pci(FakeHost.ADDRESS, "0x010802", "144d:a808", "vfio-pci", 12)
        .process(900, "java", "/dev/vfio/vfio", "/dev/vfio/12")
        .process(901, "java", "/dev/vfio/1");
    assertUses("vfio/12 is open by process 900 (java)");
  }

  private void assertUses(String... texts) {
    NvmeDevice device = NvmeDevices.read(host.files()).getFirst();
    List<String> uses =
        new BlockUses(host.files()).of(device).stream().map(BlockUse::text).toList();
    assertEquals(List.of(texts), uses);
  }
}
