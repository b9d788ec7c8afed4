// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import static dev.basalt.linux.VfioAbi.*;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The IOMMU group of a device, in a container with nothing else in it
 * (Documentation/driver-api/vfio.rst).
 *
 * <p><b>Concurrency.</b> As {@link DmaSpace}.
 */
final class VfioGroup implements DmaSpace {
  private static final Path VFIO = Path.of("/dev/vfio");
  private static final int INFO_BYTES_MAX = 64 << 10;

  private final String address;
  private final Path device;
  private final String name;
  private final int container;
  private final int fd;

  private VfioGroup(String address, Path device, String name, int container, int fd) {
    this.address = address;
    this.device = device;
    this.name = name;
    this.container = container;
    this.fd = fd;
  }

  /** Opens the group of a device, which is in {@code device} of sysfs, with a container. */
  static VfioGroup open(String address, Path device) throws IOException {
    String name = groupName(device, address);
    int container =
        VfioFiles.open(VFIO.resolve("vfio"), "load the driver: 'modprobe vfio-pci' as root");
    int fd = -1;
    try {
      fd = VfioFiles.open(VFIO.resolve(name), "another process uses the device, or you may not");
      VfioGroup group = new VfioGroup(address, device, name, container, fd);
      group.join();
      return group;
    } catch (Throwable e) {
      if (fd >= 0) {
        Syscall.shared(SyscallNumber.CLOSE, fd);
      }
      Syscall.shared(SyscallNumber.CLOSE, container);
      throw e;
    }
  }

  private static String groupName(Path device, String address) throws IOException {
    Path link = device.resolve("iommu_group");
    if (!Files.exists(link)) {
      throw new IOException(
          ("PCI device %s is in no IOMMU group: switch the IOMMU on in the firmware, and in the"
                  + " kernel by intel_iommu=on or amd_iommu=on")
              .formatted(address));
    }
    String number = link.toRealPath().getFileName().toString();
    if (Files.exists(VFIO.resolve(number))) {
      return number;
    }
    if (Files.exists(VFIO.resolve("noiommu-" + number))) {
      throw new IOException(
          ("no IOMMU keeps PCI device %s from the memory of others, and so it is not driven: switch"
                  + " the IOMMU on in the firmware")
              .formatted(address));
    }
    throw new IOException("there is no " + VFIO.resolve(number) + ": 'modprobe vfio-pci' as root");
  }

  private void join() throws IOException {
    long version = container(GET_API_VERSION, 0);
    if (version != API_VERSION) {
      throw new IOException("VFIO's API has version " + version + ", needed: " + API_VERSION);
    }
    checkViable();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment descriptor = arena.allocateFrom(JAVA_INT, container);
      check(
          "VFIO_GROUP_SET_CONTAINER",
          Syscall.shared(SyscallNumber.IOCTL, fd, GROUP_SET_CONTAINER, descriptor.address()));
    }
    if (container(CHECK_EXTENSION, TYPE1V2_IOMMU) <= 0) {
      throw new IOException("VFIO has no type1 IOMMU: 'modprobe vfio_iommu_type1' as root");
    }
    check("VFIO_SET_IOMMU(type1v2)", container(SET_IOMMU, TYPE1V2_IOMMU));
  }

  private void checkViable() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment status = arena.allocate(GROUP_STATUS_BYTES, 8);
      status.set(JAVA_INT, ARGSZ, GROUP_STATUS_BYTES);
      check(
          "VFIO_GROUP_GET_STATUS",
          Syscall.shared(SyscallNumber.IOCTL, fd, GROUP_GET_STATUS, status.address()));
      if ((status.get(JAVA_INT, FLAGS) & GROUP_VIABLE) == 0) {
        throw new IOException(
            ("IOMMU group %s of %s is not viable: all its devices must be bound to vfio-pci or to no"
                    + " driver; others in it: %s")
                .formatted(name, address, others()));
      }
    }
  }

  private List<String> others() throws IOException {
    List<String> others = new ArrayList<>();
    try (Stream<Path> devices = Files.list(device.resolve("iommu_group/devices"))) {
      for (Path device : devices.toList()) {
        String other = String.valueOf(device.getFileName());
        if (!other.equals(address)) {
          others.add(other);
        }
      }
    }
    return others;
  }

  @Override
  public int openDevice() throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      long text = arena.allocateFrom(address).address();
      long result = Syscall.shared(SyscallNumber.IOCTL, fd, GROUP_GET_DEVICE_FD, text);
      check("VFIO_GROUP_GET_DEVICE_FD", result);
      return (int) result;
    }
  }

  /** Asks the container; returns the result or the negated errno. */
  private long container(long request, long argument) {
    return Syscall.shared(SyscallNumber.IOCTL, container, request, argument);
  }

  @Override
  public long map(long iova, long memoryAddress, long sizeBytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment map = arena.allocate(DMA_MAP_BYTES, 8);
      map.set(JAVA_INT, ARGSZ, DMA_MAP_BYTES);
      map.set(JAVA_INT, FLAGS, DMA_READ_AND_WRITE);
      map.set(JAVA_LONG, DMA_MAP_ADDRESS, memoryAddress);
      map.set(JAVA_LONG, DMA_MAP_IOVA, iova);
      map.set(JAVA_LONG, DMA_MAP_SIZE, sizeBytes);
      return container(IOMMU_MAP_DMA, map.address());
    }
  }

  @Override
  public long unmap(long iova, long sizeBytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment unmap = arena.allocate(DMA_UNMAP_BYTES, 8);
      unmap.set(JAVA_INT, ARGSZ, DMA_UNMAP_BYTES);
      unmap.set(JAVA_LONG, DMA_UNMAP_IOVA, iova);
      unmap.set(JAVA_LONG, DMA_UNMAP_SIZE, sizeBytes);
      long result = container(IOMMU_UNMAP_DMA, unmap.address());
      return result < 0 ? result : unmap.get(JAVA_LONG, DMA_UNMAP_SIZE);
    }
  }

  @Override
  public List<IovaSpace.Range> iovaRanges() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = arena.allocate(INFO_BYTES_MAX, 8);
      info.set(JAVA_INT, ARGSZ, INFO_BYTES_MAX);
      long result = container(IOMMU_GET_INFO, info.address());
      List<IovaSpace.Range> ranges = result < 0 ? List.of() : VfioDevice.ranges(info);
      return ranges.isEmpty() ? List.of(IovaSpace.COMMON_RANGE) : ranges;
    }
  }

  @Override
  public void close() {
    Syscall.shared(SyscallNumber.CLOSE, fd);
    Syscall.shared(SyscallNumber.CLOSE, container);
  }

  @Override
  public String toString() {
    return "IOMMU group " + name;
  }

  private void check(String call, long result) throws ErrnoException {
    if (result < 0) {
      throw new ErrnoException(call + " of group " + name, (int) -result);
    }
  }
}
