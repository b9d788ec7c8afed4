// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import static dev.basalt.linux.VfioAbi.*;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A PCI device driven by this process through VFIO (Documentation/driver-api/vfio.rst): its first
 * register area, its interrupts, and memory it can reach, in an address space of its own.
 *
 * <p>The device is taken by its IOMMU group and a container (type1) where the kernel has them, else
 * by its own character device and iommufd.
 *
 * <p><b>Ownership.</b> Owns the descriptors of device and address space, the mapping of the
 * registers and all DMA mappings. {@link #close} ends them, and with them the device's access to
 * memory; the kernel does the same when the process dies.
 *
 * <p><b>Concurrency.</b> Any thread; guarded by its monitor. Close once nobody uses the registers
 * or the memory any more; everything else but {@link #unmap} fails after it.
 */
public final class VfioDevice implements AutoCloseable {
  private static final Path DEVICES = Path.of("/sys/bus/pci/devices");
  private static final Path CONTAINER = Path.of("/dev/vfio/vfio");
  private static final long SMALL_PAGE_BYTES = 4096;
  private static final long HUGE_PAGE_BYTES = 2 << 20;

  private final String address;
  private final DmaSpace space;
  private final int fd;
  private final boolean canReset;
  private final long configOffset;
  private final long registers;
  private final long registersBytes;
  private final IovaSpace iovas;
  private long mappedBytes;
  private boolean isClosed;

  /** How a device is taken. */
  public enum Route {
    /** By group where there are groups, else by iommufd. */
    ANY,
    /** By its IOMMU group, in a container. */
    GROUP,
    /** By its character device and iommufd. */
    IOMMUFD
  }

  private VfioDevice(String address, DmaSpace space, int fd) throws IOException {
    this.address = address;
    this.space = space;
    this.fd = fd;
    canReset = (flagsOf(DEVICE_GET_INFO, DEVICE_INFO_BYTES) & DEVICE_CAN_RESET) != 0;
    configOffset = region(CONFIG_REGION)[1];
    long[] bar = region(BAR0_REGION);
    if ((bar[2] & REGION_CAN_MAP) == 0) {
      throw new IOException(address + ": the registers (BAR 0) cannot be mapped");
    }
    registersBytes = bar[0];
    iovas = new IovaSpace(space.iovaRanges());
    setBusMaster(true);
    registers = VirtualMemory.mapShared(fd, registersBytes, bar[1]);
    if (registers < 0) {
      throw new ErrnoException(
          "mmap(" + address + ", BAR 0, " + registersBytes + ")", (int) -registers);
    }
  }

  /**
   * Opens a device that is bound to vfio-pci.
   *
   * @param address its PCI address, such as {@code 0000:01:00.0}
   * @return the device, bus mastering on, to be closed by the caller
   * @throws IOException when it cannot be had; the message says what was found and what to do
   */
  public static VfioDevice open(String address) throws IOException {
    return open(address, Route.ANY);
  }

  /**
   * Opens a device that is bound to vfio-pci, by one way.
   *
   * @param address its PCI address, such as {@code 0000:01:00.0}
   * @param route the way
   * @return the device, bus mastering on, to be closed by the caller
   * @throws IOException when it cannot be had; the message says what was found and what to do
   */
  public static VfioDevice open(String address, Route route) throws IOException {
    Path device = DEVICES.resolve(address);
    if (!Files.isDirectory(device)) {
      throw new IOException(
          "there is no PCI device " + address + "; 'basalt device list' shows those there are");
    }
    checkDriver(device, address);
    DmaSpace space = openSpace(address, device, route);
    int fd = -1;
    try {
      fd = space.openDevice();
      return new VfioDevice(address, space, fd);
    } catch (Throwable e) {
      if (fd >= 0) {
        Syscall.shared(SyscallNumber.CLOSE, fd);
      }
      space.close();
      throw e;
    }
  }

  private static void checkDriver(Path device, String address) throws IOException {
    Path link = device.resolve("driver");
    String driver = Files.exists(link) ? link.toRealPath().getFileName().toString() : "no driver";
    if (!driver.equals("vfio-pci")) {
      throw new IOException(
          "PCI device %s has %s, needed: vfio-pci; 'basalt device bind %s' binds it"
              .formatted(address, driver, address));
    }
  }

  private static DmaSpace openSpace(String address, Path device, Route route) throws IOException {
    Path own = IommuFd.characterDevice(device);
    if (route == Route.IOMMUFD && own == null) {
      throw new IOException(
          "the kernel has no iommufd for %s (CONFIG_IOMMUFD and CONFIG_VFIO_DEVICE_CDEV, from 6.6 on)"
              .formatted(address));
    }
    boolean byGroup = route == Route.GROUP || own == null || Files.exists(CONTAINER);
    return route != Route.IOMMUFD && byGroup
        ? VfioGroup.open(address, device)
        : IommuFd.open(address, Objects.requireNonNull(own));
  }

  /**
   * Returns where the device's registers (BAR 0) are mapped.
   *
   * @return absolute address; valid until {@link #close}
   */
  public long registers() {
    return registers;
  }

  /**
   * Returns how large the register area is.
   *
   * @return bytes
   */
  public long registersBytes() {
    return registersBytes;
  }

  /**
   * Lets the device read and write memory, which is pinned until it is unmapped.
   *
   * @param memoryAddress absolute address, aligned to 4 KiB
   * @param sizeBytes a multiple of 4 KiB
   * @return the address the device uses
   * @throws IOException when the kernel refuses: locked memory is limited, for one
   */
  public synchronized long map(long memoryAddress, long sizeBytes) throws IOException {
    checkOpen();
    boolean isHuge = sizeBytes % HUGE_PAGE_BYTES == 0 && memoryAddress % HUGE_PAGE_BYTES == 0;
    long iova = iovas.tryTake(sizeBytes, isHuge ? HUGE_PAGE_BYTES : SMALL_PAGE_BYTES);
    if (iova < 0) {
      throw new IOException(address + ": no I/O addresses are left for " + sizeBytes + " bytes");
    }
    long result = space.map(iova, memoryAddress, sizeBytes);
    if (result < 0) {
      iovas.give(iova);
      throw mapRefused((int) -result, sizeBytes);
    }
    mappedBytes += sizeBytes;
    return iova;
  }

  /**
   * Returns how much memory the device can reach.
   *
   * @return bytes of all mappings
   */
  public synchronized long mappedBytes() {
    return mappedBytes;
  }

  /**
   * Ends the device's access to memory. Its commands that use it must have ended. Does nothing
   * after {@link #close}, which has ended all access.
   *
   * @param iova what {@link #map} returned
   * @param sizeBytes what was mapped
   */
  public synchronized void unmap(long iova, long sizeBytes) {
    if (isClosed) {
      return;
    }
    long result = space.unmap(iova, sizeBytes);
    if (result != sizeBytes) {
      throw new AssertionError(
          "%s: unmapping %d bytes at 0x%x: %d".formatted(address, sizeBytes, iova, result));
    }
    iovas.give(iova);
    mappedBytes -= sizeBytes;
  }

  /**
   * Returns how many message-signalled interrupts the device has (MSI-X).
   *
   * @return the count, 0 when it has none
   * @throws ErrnoException when the kernel does not tell
   */
  public synchronized int interruptCount() throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = arena.allocate(IRQ_INFO_BYTES, 8);
      info.set(JAVA_INT, ARGSZ, IRQ_INFO_BYTES);
      info.set(JAVA_INT, IRQ_INDEX, MSIX_IRQ);
      check("VFIO_DEVICE_GET_IRQ_INFO", ioctl(DEVICE_GET_IRQ_INFO, info.address()));
      return info.get(JAVA_INT, IRQ_COUNT);
    }
  }

  /**
   * Has interrupts signal event counters. All at once: older kernels cannot add one later.
   *
   * @param eventFds their descriptors, by interrupt vector from 0 on; -1 for none
   * @throws ErrnoException when the kernel refuses
   */
  public synchronized void setInterrupts(int[] eventFds) throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment set = irqSet(arena, IRQ_DATA_EVENTFD, eventFds.length);
      for (int i = 0; i < eventFds.length; i++) {
        set.set(JAVA_INT, IRQ_SET_DATA + 4L * i, eventFds[i]);
      }
      check("VFIO_DEVICE_SET_IRQS", ioctl(DEVICE_SET_IRQS, set.address()));
    }
  }

  /**
   * Ends all interrupts.
   *
   * @throws ErrnoException when the kernel refuses
   */
  public synchronized void clearInterrupts() throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment set = irqSet(arena, IRQ_DATA_NONE, 0);
      check("VFIO_DEVICE_SET_IRQS", ioctl(DEVICE_SET_IRQS, set.address()));
    }
  }

  /**
   * Allows or forbids the device to reach memory by itself (PCI bus mastering).
   *
   * @param isAllowed false stops all DMA
   * @throws ErrnoException when the configuration space cannot be reached
   */
  public synchronized void setBusMaster(boolean isAllowed) throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment command = arena.allocate(JAVA_SHORT);
      long offset = configOffset + PCI_COMMAND;
      check("pread(PCI command)", transfer(SyscallNumber.PREAD64, command, offset));
      int value = command.get(JAVA_SHORT, 0) | PCI_MEMORY_SPACE | PCI_NO_PIN_INTERRUPTS;
      value = isAllowed ? value | PCI_BUS_MASTER : value & ~PCI_BUS_MASTER;
      command.set(JAVA_SHORT, 0, (short) value);
      check("pwrite(PCI command)", transfer(SyscallNumber.PWRITE64, command, offset));
    }
  }

  /**
   * Resets the device as its bus can, if it can.
   *
   * @return false when it cannot
   * @throws ErrnoException when it could and did not
   */
  public synchronized boolean reset() throws ErrnoException {
    if (canReset) {
      check("VFIO_DEVICE_RESET", ioctl(DEVICE_RESET, 0));
      setBusMaster(true);
    }
    return canReset;
  }

  /** Ends the device's access to memory and gives it up. Idempotent. */
  @Override
  public synchronized void close() {
    if (!isClosed) {
      isClosed = true;
      VirtualMemory.unmap(registers, registersBytes);
      Syscall.shared(SyscallNumber.CLOSE, fd);
      space.close();
    }
  }

  @Override
  public String toString() {
    return address + ", " + space;
  }

  /** Returns size, offset and flags of a region. */
  private long[] region(int index) throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = arena.allocate(REGION_INFO_BYTES, 8);
      info.set(JAVA_INT, ARGSZ, REGION_INFO_BYTES);
      info.set(JAVA_INT, REGION_INDEX, index);
      check("VFIO_DEVICE_GET_REGION_INFO", ioctl(DEVICE_GET_REGION_INFO, info.address()));
      return new long[] {
        info.get(JAVA_LONG, REGION_SIZE),
        info.get(JAVA_LONG, REGION_OFFSET),
        info.get(JAVA_INT, FLAGS)
      };
    }
  }

  private int flagsOf(long request, int sizeBytes) throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = arena.allocate(sizeBytes, 8);
      info.set(JAVA_INT, ARGSZ, sizeBytes);
      check("VFIO_DEVICE_GET_INFO", ioctl(request, info.address()));
      return info.get(JAVA_INT, FLAGS);
    }
  }

  private static MemorySegment irqSet(Arena arena, int data, int count) {
    int sizeBytes = IRQ_SET_BYTES + 4 * count;
    MemorySegment set = arena.allocate(sizeBytes, 8);
    set.set(JAVA_INT, ARGSZ, sizeBytes);
    set.set(JAVA_INT, FLAGS, data | IRQ_ACTION_TRIGGER);
    set.set(JAVA_INT, IRQ_INDEX, MSIX_IRQ);
    set.set(JAVA_INT, IRQ_SET_START, 0);
    set.set(JAVA_INT, IRQ_SET_COUNT, count);
    return set;
  }

  private long transfer(int number, MemorySegment memory, long offset) {
    checkOpen();
    return Syscall.shared(number, fd, memory.address(), memory.byteSize(), offset);
  }

  private long ioctl(long request, long argument) {
    checkOpen();
    return Syscall.shared(SyscallNumber.IOCTL, fd, request, argument);
  }

  /** The descriptor's number may be another file's once it is closed. */
  private void checkOpen() {
    if (isClosed) {
      throw new IllegalStateException(address + " is closed");
    }
  }

  private void check(String call, long result) throws ErrnoException {
    if (result < 0) {
      throw new ErrnoException(call + " of " + address, (int) -result);
    }
  }

  private ErrnoException mapRefused(int errno, long sizeBytes) {
    String advice =
        errno == Errno.ENOMEM
            ? "locked memory is limited to "
                + Memlock.describe()
                + " ('ulimit -l'): raise it, or give the process CAP_IPC_LOCK"
            : errno == Errno.ENOSPC ? "the IOMMU takes no more mappings" : "";
    return new ErrnoException("mapping " + sizeBytes + " bytes for " + address, errno, advice);
  }

  /**
   * Reads the ranges out of an answer to {@code VFIO_IOMMU_GET_INFO}; package-private for tests.
   */
  static List<IovaSpace.Range> ranges(MemorySegment info) {
    List<IovaSpace.Range> ranges = new ArrayList<>();
    if ((info.get(JAVA_INT, FLAGS) & IOMMU_INFO_HAS_CAPABILITIES) == 0) {
      return ranges;
    }
    long capability = info.get(JAVA_INT, IOMMU_INFO_CAPABILITIES);
    while (capability > 0 && capability <= info.byteSize() - RANGES_FIRST) {
      if (info.get(JAVA_SHORT_UNALIGNED, capability) == CAPABILITY_IOVA_RANGES) {
        long range = capability + RANGES_FIRST;
        for (int i = info.get(JAVA_INT_UNALIGNED, capability + RANGES_COUNT); i > 0; i--) {
          ranges.add(
              new IovaSpace.Range(
                  info.get(JAVA_LONG_UNALIGNED, range), info.get(JAVA_LONG_UNALIGNED, range + 8)));
          range += RANGE_BYTES;
        }
      }
      capability = info.get(JAVA_INT_UNALIGNED, capability + CAPABILITY_NEXT);
    }
    return ranges;
  }
}
