// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Gives the memory of many pages back with one system call.
 *
 * <p>{@code process_madvise(2)} on oneself takes MADV_DONTNEED since Linux 6.13, with the pidfd
 * PIDFD_SELF or an own one; kernels before refuse, and a loop of {@code madvise(2)} does the same
 * more slowly. Which one works is tried once, when a dropper is made.
 *
 * <p><b>Concurrency.</b> Each dropper is used by one thread at a time; its owner closes it.
 */
public final class PageDropper implements AutoCloseable {
  /** The most ranges one call takes (UIO_MAXIOV). */
  public static final int RANGES_MAX = 1024;

  private static final int MADV_DONTNEED = 4;
  private static final int PIDFD_SELF = -10_000;
  private static final int LOOP = -1;

  private final Arena arena = Arena.ofShared();
  private final Syscall syscall = new Syscall(arena);
  private final MemorySegment vector = arena.allocate(JAVA_LONG, 2L * RANGES_MAX);
  private final int pidfd;
  private boolean closed;

  /** Finds out what the kernel can do. */
  public PageDropper() {
    pidfd = detect();
  }

  /**
   * Drops equal pages; neighbours that follow each other in the list become one range.
   *
   * @param addresses absolute addresses of the pages, aligned to 4 KiB
   * @param count how many of them
   * @param pageBytes size of each page, a multiple of 4 KiB
   * @return how many system calls it took
   */
  public int drop(long[] addresses, int count, int pageBytes) {
    int calls = 0;
    int ranges = 0;
    for (int i = 0; i < count; ) {
      long start = addresses[i];
      long end = start;
      for (; i < count && addresses[i] == end; i++) {
        end += pageBytes;
      }
      vector.setAtIndex(JAVA_LONG, 2L * ranges, start);
      vector.setAtIndex(JAVA_LONG, 2L * ranges + 1, end - start);
      ranges++;
      if (ranges == RANGES_MAX || i == count) {
        calls += dropRanges(ranges);
        ranges = 0;
      }
    }
    return calls;
  }

  /**
   * Says how pages are dropped, for statistics.
   *
   * @return such as {@code process_madvise(PIDFD_SELF)}
   */
  public String mode() {
    return switch (pidfd) {
      case LOOP -> "madvise loop";
      case PIDFD_SELF -> "process_madvise(PIDFD_SELF)";
      default -> "process_madvise(own pidfd)";
    };
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      if (pidfd >= 0) {
        Syscall.shared(SyscallNumber.CLOSE, pidfd);
      }
      arena.close();
    }
  }

  private int dropRanges(int ranges) {
    if (ranges == 1 || pidfd == LOOP) {
      for (int i = 0; i < ranges; i++) {
        madvise(range(i), length(i));
      }
      return ranges;
    }
    long expected = 0;
    for (int i = 0; i < ranges; i++) {
      expected += length(i);
    }
    long done = processMadvise(pidfd, ranges);
    if (done != expected) {
      // Advice is applied range by range and can be repeated: finish what a short call left.
      for (int i = 0; i < ranges; i++) {
        madvise(range(i), length(i));
      }
      return 1 + ranges;
    }
    return 1;
  }

  private long range(int index) {
    return vector.getAtIndex(JAVA_LONG, 2L * index);
  }

  private long length(int index) {
    return vector.getAtIndex(JAVA_LONG, 2L * index + 1);
  }

  private void madvise(long address, long sizeBytes) {
    long result = syscall.call(SyscallNumber.MADVISE, address, sizeBytes, MADV_DONTNEED, 0, 0, 0);
    if (result < 0) {
      throw new AssertionError(
          "madvise(0x%x, %d, MADV_DONTNEED): %s"
              .formatted(address, sizeBytes, Errno.describe((int) -result)));
    }
  }

  private long processMadvise(int pidfd, int ranges) {
    return syscall.call(
        SyscallNumber.PROCESS_MADVISE, pidfd, vector.address(), ranges, MADV_DONTNEED, 0, 0);
  }

  /** Tries an own, untouched page: the answer costs nothing and cannot hurt. */
  private int detect() {
    MemorySegment page = arena.allocate(2 * 4096, 4096);
    vector.setAtIndex(JAVA_LONG, 0, page.address());
    vector.setAtIndex(JAVA_LONG, 1, 4096);
    if (processMadvise(PIDFD_SELF, 1) == 4096) {
      return PIDFD_SELF;
    }
    long pid = syscall.call(SyscallNumber.GETPID, 0, 0, 0, 0, 0, 0);
    int own = (int) syscall.call(SyscallNumber.PIDFD_OPEN, pid, 0, 0, 0, 0, 0);
    if (own < 0) {
      return LOOP;
    }
    if (processMadvise(own, 1) == 4096) {
      return own;
    }
    syscall.call(SyscallNumber.CLOSE, own, 0, 0, 0, 0, 0);
    return LOOP;
  }
}
