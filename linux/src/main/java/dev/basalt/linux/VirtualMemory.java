// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import org.jspecify.annotations.Nullable;

/**
 * Reserves, populates and drops virtual memory (mmap(2), madvise(2)).
 *
 * <p><b>Concurrency.</b> Any thread.
 */
public final class VirtualMemory {
  /** Readable zeroes after each region, so that an optimistic read near its end finds memory. */
  public static final long GUARD_BYTES = 64 << 10;

  private static final long ALIGNMENT_BYTES = 2 << 20;
  private static final int PROT_READ_WRITE = 1 | 2;
  private static final int PROT_READ = 1;
  private static final int MAP_SHARED = 0x01;
  private static final int MAP_PRIVATE = 0x02;
  private static final int MAP_ANONYMOUS = 0x20;
  private static final int MAP_NORESERVE = 0x4000;
  private static final int MAP_POPULATE = 0x8000;
  private static final int MAP_HUGETLB = 0x40000;
  private static final int MAP_HUGE_2MB = 21 << 26;

  private VirtualMemory() {}

  /** What is to become of a range of memory (madvise(2)). */
  public enum Advice {
    /** The content is no longer needed; private memory reads as zeroes afterwards. */
    DONTNEED(4),
    /** Back it with huge pages where possible. */
    HUGEPAGE(14),
    /** Never back it with huge pages. */
    NOHUGEPAGE(15),
    /** Keep it out of child processes, so that its pages stay this one's. */
    DONTFORK(10),
    /** Leave it out of core dumps. */
    DONTDUMP(16),
    /** Touch it for writing now (Linux 5.14). */
    POPULATE_WRITE(23);

    private final int code;

    Advice(int code) {
      this.code = code;
    }
  }

  /**
   * Reserves address space that takes memory as it is touched, followed by a readable guard tail.
   *
   * @param sizeBytes how much, above 0; rounded up to 4 KiB
   * @return the region, to be closed by the caller
   * @throws ErrnoException when the kernel refuses, as with a limit on address space (ulimit -v)
   */
  public static MappedRegion reserve(long sizeBytes) throws ErrnoException {
    if (sizeBytes <= 0) {
      throw new IllegalArgumentException("size is " + sizeBytes + " bytes, needed: above 0");
    }
    long size = roundUp(sizeBytes, 4096);
    long wanted = size + GUARD_BYTES + ALIGNMENT_BYTES;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    long raw = Syscall.shared(SyscallNumber.MMAP, 0, wanted, PROT_READ_WRITE, flags, -1, 0);
    if (raw < 0) {
      throw new ErrnoException(
          "mmap(0, " + wanted + ", PROT_READ | PROT_WRITE, NORESERVE)",
          (int) -raw,
          "address space is limited: see 'ulimit -v' and vm.overcommit_memory");
    }
    long address = roundUp(raw, ALIGNMENT_BYTES);
    trim(raw, address);
    trim(address + size + GUARD_BYTES, raw + wanted);
    check(
        "mprotect",
        Syscall.shared(SyscallNumber.MPROTECT, address + size, GUARD_BYTES, PROT_READ),
        address + size);
    return new MappedRegion(address, size, size + GUARD_BYTES);
  }

  /**
   * Allocates memory in reserved huge pages (sysctl vm.nr_hugepages), all of it present.
   *
   * @param sizeBytes how much, above 0; rounded up to whole huge pages of 2 MiB
   * @return the region, to be closed by the caller; null where too few huge pages are free
   */
  public static @Nullable MappedRegion tryAllocateHuge(long sizeBytes) {
    long size = roundUp(sizeBytes, ALIGNMENT_BYTES);
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_2MB | MAP_POPULATE;
    long address = Syscall.shared(SyscallNumber.MMAP, 0, size, PROT_READ_WRITE, flags, -1, 0);
    return address < 0 ? null : new MappedRegion(address, size, size);
  }

  /**
   * Advises the kernel about a range.
   *
   * @param address absolute address, aligned to 4 KiB
   * @param sizeBytes a multiple of 4 KiB
   * @param advice what is to become of it
   * @throws ErrnoException when the kernel refuses
   */
  public static void advise(long address, long sizeBytes, Advice advice) throws ErrnoException {
    long result = Syscall.shared(SyscallNumber.MADVISE, address, sizeBytes, advice.code);
    if (result < 0) {
      throw new ErrnoException(
          "madvise(0x%x, %d, %s)".formatted(address, sizeBytes, advice), (int) -result);
    }
  }

  /** Maps what a descriptor offers, populated; returns the address or the negated errno. */
  static long mapShared(int fd, long sizeBytes, long offset) {
    int flags = MAP_SHARED | MAP_POPULATE;
    return Syscall.shared(SyscallNumber.MMAP, 0, sizeBytes, PROT_READ_WRITE, flags, fd, offset);
  }

  static void unmap(long address, long sizeBytes) {
    long result = Syscall.shared(SyscallNumber.MUNMAP, address, sizeBytes);
    if (result < 0) {
      throw new AssertionError(
          "munmap(0x%x, %d): %s".formatted(address, sizeBytes, Errno.describe((int) -result)));
    }
  }

  private static void trim(long from, long to) {
    if (to > from) {
      unmap(from, to - from);
    }
  }

  private static void check(String call, long result, long address) throws ErrnoException {
    if (result < 0) {
      throw new ErrnoException("%s(0x%x)".formatted(call, address), (int) -result);
    }
  }

  private static long roundUp(long value, long multiple) {
    return (value + multiple - 1) / multiple * multiple;
  }
}
