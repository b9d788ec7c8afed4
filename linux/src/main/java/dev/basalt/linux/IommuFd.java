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
import org.jspecify.annotations.Nullable;

/**
 * A device by a character device of its own, and an address space of iommufd
 * (Documentation/userspace-api/iommufd.rst): what kernels have since 6.6, and the only way on those
 * built without VFIO's containers.
 *
 * <p><b>Concurrency.</b> As {@link DmaSpace}.
 */
final class IommuFd implements DmaSpace {
  private static final Path IOMMU = Path.of("/dev/iommu");
  private static final Path DEVICES = Path.of("/dev/vfio/devices");

  /** The kernel tells how many it has, where these are not enough. */
  private static final int RANGES_MAX = 64;

  private final String address;
  private final Path device;
  private final int iommu;
  private int addressSpace;

  private IommuFd(String address, Path device, int iommu) {
    this.address = address;
    this.device = device;
    this.iommu = iommu;
  }

  /**
   * Finds the character device of a PCI device that is bound to vfio-pci.
   *
   * @param sysfs its directory in sysfs
   * @return its path, or null where the kernel makes none, or has no iommufd
   */
  static @Nullable Path characterDevice(Path sysfs) throws IOException {
    Path names = sysfs.resolve("vfio-dev");
    if (!Files.exists(IOMMU) || !Files.isDirectory(names)) {
      return null;
    }
    try (Stream<Path> found = Files.list(names)) {
      return found
          .map(name -> DEVICES.resolve(name.getFileName()))
          .filter(Files::exists)
          .findFirst()
          .orElse(null);
    }
  }

  /** Opens iommufd for a device, see {@link #characterDevice}. */
  static IommuFd open(String address, Path device) throws IOException {
    int iommu = VfioFiles.open(IOMMU, "your user may not use " + IOMMU);
    return new IommuFd(address, device, iommu);
  }

  @Override
  public int openDevice() throws ErrnoException {
    int fd = VfioFiles.open(device, "another process uses the device, or you may not");
    boolean isReady = false;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bind = arena.allocate(BIND_BYTES, 8);
      bind.set(JAVA_INT, ARGSZ, BIND_BYTES);
      bind.set(JAVA_INT, BIND_IOMMUFD, iommu);
      check("VFIO_DEVICE_BIND_IOMMUFD", VfioFiles.ioctl(fd, DEVICE_BIND_IOMMUFD, bind));
      MemorySegment space = arena.allocate(IOAS_ALLOC_BYTES, 8);
      space.set(JAVA_INT, 0, IOAS_ALLOC_BYTES);
      check("IOMMU_IOAS_ALLOC", VfioFiles.ioctl(iommu, IOAS_ALLOC, space));
      addressSpace = space.get(JAVA_INT, IOAS_ALLOC_ID);
      MemorySegment attach = arena.allocate(ATTACH_BYTES, 8);
      attach.set(JAVA_INT, ARGSZ, ATTACH_BYTES);
      attach.set(JAVA_INT, ATTACH_ID, addressSpace);
      check("VFIO_DEVICE_ATTACH_IOMMUFD_PT", VfioFiles.ioctl(fd, DEVICE_ATTACH_IOMMUFD, attach));
      isReady = true;
      return fd;
    } finally {
      if (!isReady) {
        Syscall.shared(SyscallNumber.CLOSE, fd);
      }
    }
  }

  @Override
  public List<IovaSpace.Range> iovaRanges() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment ranges = arena.allocate((long) RANGES_MAX * RANGE_BYTES, 8);
      MemorySegment ask = arena.allocate(IOAS_RANGES_BYTES, 8);
      ask.set(JAVA_INT, 0, IOAS_RANGES_BYTES);
      ask.set(JAVA_INT, IOAS_RANGES_ID, addressSpace);
      ask.set(JAVA_INT, IOAS_RANGES_COUNT, RANGES_MAX);
      ask.set(JAVA_LONG, IOAS_RANGES_ADDRESS, ranges.address());
      long result = VfioFiles.ioctl(iommu, IOAS_IOVA_RANGES, ask);
      int count = result < 0 ? 0 : Math.min(RANGES_MAX, ask.get(JAVA_INT, IOAS_RANGES_COUNT));
      List<IovaSpace.Range> found = new ArrayList<>();
      for (long offset = 0; offset < (long) count * RANGE_BYTES; offset += RANGE_BYTES) {
        found.add(
            new IovaSpace.Range(
                ranges.get(JAVA_LONG, offset), ranges.get(JAVA_LONG, offset + Long.BYTES)));
      }
      return found.isEmpty() ? List.of(IovaSpace.COMMON_RANGE) : found;
    }
  }

  @Override
  public long map(long iova, long memoryAddress, long sizeBytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment map = arena.allocate(IOAS_MAP_BYTES, 8);
      map.set(JAVA_INT, 0, IOAS_MAP_BYTES);
      map.set(JAVA_INT, FLAGS, IOAS_MAP_FIXED_READ_AND_WRITE);
      map.set(JAVA_INT, IOAS_MAP_ID, addressSpace);
      map.set(JAVA_LONG, IOAS_MAP_ADDRESS, memoryAddress);
      map.set(JAVA_LONG, IOAS_MAP_LENGTH, sizeBytes);
      map.set(JAVA_LONG, IOAS_MAP_IOVA, iova);
      return VfioFiles.ioctl(iommu, IOAS_MAP, map);
    }
  }

  @Override
  public long unmap(long iova, long sizeBytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment unmap = arena.allocate(IOAS_UNMAP_BYTES, 8);
      unmap.set(JAVA_INT, 0, IOAS_UNMAP_BYTES);
      unmap.set(JAVA_INT, IOAS_UNMAP_ID, addressSpace);
      unmap.set(JAVA_LONG, IOAS_UNMAP_IOVA, iova);
      unmap.set(JAVA_LONG, IOAS_UNMAP_LENGTH, sizeBytes);
      long result = VfioFiles.ioctl(iommu, IOAS_UNMAP, unmap);
      return result < 0 ? result : unmap.get(JAVA_LONG, IOAS_UNMAP_LENGTH);
    }
  }

  @Override
  public void close() {
    Syscall.shared(SyscallNumber.CLOSE, iommu);
  }

  @Override
  public String toString() {
    return "iommufd, " + device.getFileName();
  }

  private void check(String call, long result) throws ErrnoException {
    if (result < 0) {
      throw new ErrnoException(call + " of " + address, (int) -result);
    }
  }
}
