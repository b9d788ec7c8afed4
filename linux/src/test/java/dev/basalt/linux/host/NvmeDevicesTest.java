// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NvmeDevicesTest {
  @TempDir private Path root;

  private FakeHost host;

  @BeforeEach
  void makeHost() {
    host = new FakeHost(root);
  }

  @Test
  void shouldFindNoneOnAHostWithoutAnyOfTheFiles() {
    assertEquals(List.of(), NvmeDevices.read(new HostFiles(root.resolve("nothing"))));
  }

  @Test
  void shouldReadADeviceOfTheKernel() {
    host.nvme().partition("nvme0n1", 1).partition("nvme0n1", 2);
    NvmeDevice device = only();
    assertEquals("nvme0", device.name());
    assertEquals(FakeHost.ADDRESS, device.address());
    assertEquals(FakeHost.SERIAL, device.confirmation());
    assertEquals(List.of("nvme0n1", "nvme0n1p1", "nvme0n1p2"), device.nodes());
    assertNotNull(device.function());
    assertEquals("nvme", device.function().driver());
    assertEquals(12, device.function().iommuGroup());
    assertNull(device.function().driverOverride());
    assertNotNull(device.controller());
    assertEquals("Samsung SSD 970 EVO Plus 1TB", device.controller().model());
    NvmeNamespace namespace = device.namespaces().getFirst();
    assertEquals(1L << 40, namespace.sizeBytes());
    assertEquals("512 B", namespace.format().toString());
    assertTrue(namespace.hasGenericNode());
    assertEquals("ng0n1", namespace.genericName());
  }

  @Test
  void shouldReadADeviceOfUserSpace() {
    host.pci(FakeHost.ADDRESS, "0x010802", "144d:a808", "vfio-pci", 12)
        .file("/sys/bus/pci/devices/" + FakeHost.ADDRESS + "/driver_override", "vfio-pci\n");
    NvmeDevice device = only();
    assertEquals(FakeHost.ADDRESS, device.name());
    assertEquals(FakeHost.ADDRESS, device.confirmation());
    assertNotNull(device.function());
    assertTrue(device.function().isBoundToVfio());
    assertEquals("vfio-pci", device.function().driverOverride());
  }

  @Test
  void shouldTakeTheDiskOfTheSubsystemForOneOfItsPaths() {
    host.pci(FakeHost.ADDRESS, "0x010802", "144d:a808", "nvme", 12)
        .controller("nvme3", "pcie", FakeHost.ADDRESS, "SHARED")
        .directory("/sys/class/nvme/nvme3/nvme1c3n2")
        .disk("nvme1n2", 2);
    assertEquals("nvme1n2", only().namespaces().getFirst().name());
    assertEquals(2, only().namespaces().getFirst().id());
  }

  @Test
  void shouldReadADeviceOverANetworkAndOddFormats() {
    host.controller("nvme1", "tcp", "traddr=10.0.0.7,trsvcid=4420", "TARGET")
        .namespace("nvme1", 1)
        .file("/sys/class/block/nvme1n1/queue/zoned", "host-managed\n")
        .remove("/sys/class/block/nvme1n1/metadata_bytes")
        .file("/sys/class/block/nvme1n1/integrity/format", "T10-DIF-TYPE1-CRC\n");
    assertNull(only().function());
    LbaFormat format = only().namespaces().getFirst().format();
    assertEquals("512+8 B, zoned", format.toString());
    assertTrue(format.isZoned());
  }

  @Test
  void shouldOrderDevicesByNumber() {
    host.controller("nvme10", "tcp", "traddr=a", "B").controller("nvme2", "tcp", "traddr=b", "A");
    List<String> names = NvmeDevices.read(host.files()).stream().map(NvmeDevice::name).toList();
    assertEquals(List.of("nvme2", "nvme10"), names);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0000:01:00.0",
        "01:00.0",
        "nvme0",
        "/dev/nvme0",
        "nvme0n1",
        "/dev/nvme0n1",
        "/dev/nvme0n1p1",
        "/dev/ng0n1",
        "/dev/disk/by-id/nvme-Samsung",
        FakeHost.SERIAL,
      })
  void shouldFindADeviceByAllItsNames(String name) {
    host.nvme()
        .partition("nvme0n1", 1)
        .nvme(1, "0000:02:00.0", "OTHER", 13)
        .link("/dev/disk/by-id/nvme-Samsung", "../../nvme0n1");
    List<NvmeDevice> found = NvmeDevices.find(host.files(), NvmeDevices.read(host.files()), name);
    assertEquals(1, found.size());
    assertEquals("nvme0", found.getFirst().name());
  }

  @Test
  void shouldFindSeveralDevicesOfOneSerialNumberAndNoneOfAnother() {
    host.nvme(0, "0000:01:00.0", "SAME", 12).nvme(1, "0000:02:00.0", "SAME", 13);
    List<NvmeDevice> devices = NvmeDevices.read(host.files());
    assertEquals(2, NvmeDevices.find(host.files(), devices, "SAME").size());
    assertEquals(List.of(), NvmeDevices.find(host.files(), devices, "/dev/nvme7"));
    assertFalse(devices.isEmpty());
  }

  private NvmeDevice only() {
    List<NvmeDevice> devices = NvmeDevices.read(host.files());
    assertEquals(1, devices.size());
    return devices.getFirst();
  }
}
