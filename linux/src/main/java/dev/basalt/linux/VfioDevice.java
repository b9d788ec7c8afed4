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
import java.util.ArrayList;
import java.util.List;

/**
 * A PCI device driven by this process through VFIO (Documentation/driver-api/vfio.rst): its first
 * register area, its interrupts, and memory it can reach, in an IOMMU container of its own.
 *
 * <p><b>Ownership.</b> Owns the descriptors of container, group and device, the mapping of the
 * registers and all DMA mappings. {@link #close} ends them, and with them the device's access to
 * memory; the kernel does the same when the process dies.
 *
 * <p><b>Concurrency.</b> Any thread; close once nobody uses the registers or the memory any more.
 */
public final class VfioDevice implements AutoCloseable {
  private static final long SMALL_PAGE_BYTES = 4096;
  private static final long HUGE_PAGE_BYTES = 2 << 20;

  private final String address;
  private final VfioGroup group;
  private final int fd;
  private final boolean canReset;
  private final long configOffset;
  private final long registers;
  private final long registersBytes;
  private final IovaSpace iovas;
  private boolean isClosed;

  private VfioDevice(String address, VfioGroup group, int fd) throws IOException {
    this.address = address;
    this.group = group;
    this.fd = fd;
    canReset = (flagsOf(DEVICE_GET_INFO, DEVICE_INFO_BYTES) & DEVICE_CAN_RESET) != 0;
    configOffset = region(CONFIG_REGION)[1];
    long[] bar = region(BAR0_REGION);
    if ((bar[2] & REGION_CAN_MAP) == 0) {
      throw new IOException(address + ": the registers (BAR 0) cannot be mapped");
    }
    registersBytes = bar[0];
    iovas = new IovaSpace(group.iovaRanges());
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
    VfioGroup group = VfioGroup.open(address);
    int fd = -1;
    try {
      fd = group.openDevice();
      return new VfioDevice(address, group, fd);
    } catch (Throwable e) {
      if (fd >= 0) {
        Syscall.shared(SyscallNumber.CLOSE, fd);
      }
      group.close();
      throw e;
    }
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
  public long map(long memoryAddress, long sizeBytes) throws IOException {
    boolean isHuge = sizeBytes % HUGE_PAGE_BYTES == 0 && memoryAddress % HUGE_PAGE_BYTES == 0;
    long iova = iovas.tryTake(sizeBytes, isHuge ? HUGE_PAGE_BYTES : SMALL_PAGE_BYTES);
    if (iova < 0) {
      throw new IOException(address + ": no I/O addresses are left for " + sizeBytes + " bytes");
    }
    boolean isMapped = false;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment map = arena.allocate(DMA_MAP_BYTES, 8);
      map.set(JAVA_INT, ARGSZ, DMA_MAP_BYTES);
      map.set(JAVA_INT, FLAGS, DMA_READ_AND_WRITE);
      map.set(JAVA_LONG, DMA_MAP_ADDRESS, memoryAddress);
      map.set(JAVA_LONG, DMA_MAP_IOVA, iova);
      map.set(JAVA_LONG, DMA_MAP_SIZE, sizeBytes);
      long result = group.container(IOMMU_MAP_DMA, map.address());
      if (result < 0) {
        throw mapRefused((int) -result, sizeBytes);
      }
      isMapped = true;
    } finally {
      if (!isMapped) {
        iovas.give(iova);
      }
    }
    return iova;
  }

  /**
   * Ends the device's access to memory. Its commands that use it must have ended.
   *
   * @param iova what {@link #map} returned
   * @param sizeBytes what was mapped
   */
  public void unmap(long iova, long sizeBytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment unmap = arena.allocate(DMA_UNMAP_BYTES, 8);
      unmap.set(JAVA_INT, ARGSZ, DMA_UNMAP_BYTES);
      unmap.set(JAVA_LONG, DMA_UNMAP_IOVA, iova);
      unmap.set(JAVA_LONG, DMA_UNMAP_SIZE, sizeBytes);
      long result = group.container(IOMMU_UNMAP_DMA, unmap.address());
      if (result < 0 || unmap.get(JAVA_LONG, DMA_UNMAP_SIZE) != sizeBytes) {
        throw new AssertionError(
            "VFIO_IOMMU_UNMAP_DMA(0x%x, %d): %d".formatted(iova, sizeBytes, result));
      }
    }
    iovas.give(iova);
  }

  /**
   * Returns how many message-signalled interrupts the device has (MSI-X).
   *
   * @return the count, 0 when it has none
   * @throws ErrnoException when the kernel does not tell
   */
  public int interruptCount() throws ErrnoException {
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
  public void setInterrupts(int[] eventFds) throws ErrnoException {
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
  public void clearInterrupts() throws ErrnoException {
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
  public void setBusMaster(boolean isAllowed) throws ErrnoException {
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
  public boolean reset() throws ErrnoException {
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
      group.close();
    }
  }

  @Override
  public String toString() {
    return address + ", " + group;
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
    return Syscall.shared(number, fd, memory.address(), memory.byteSize(), offset);
  }

  private long ioctl(long request, long argument) {
    return Syscall.shared(SyscallNumber.IOCTL, fd, request, argument);
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
    return new ErrnoException(
        "VFIO_IOMMU_MAP_DMA of " + sizeBytes + " bytes for " + address, errno, advice);
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
