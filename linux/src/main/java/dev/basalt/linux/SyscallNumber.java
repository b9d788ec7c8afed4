// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

/**
 * Numbers of system calls (arch/x86/entry/syscalls/syscall_64.tbl; asm-generic/unistd.h for arm64).
 * Calls added since 2019 have one number on both.
 */
public final class SyscallNumber {
  private static final boolean X86 = "amd64".equals(System.getProperty("os.arch"));

  /** mmap(2). */
  public static final int MMAP = X86 ? 9 : 222;

  /** mprotect(2). */
  public static final int MPROTECT = X86 ? 10 : 226;

  /** munmap(2). */
  public static final int MUNMAP = X86 ? 11 : 215;

  /** madvise(2). */
  public static final int MADVISE = X86 ? 28 : 233;

  /** close(2). */
  public static final int CLOSE = X86 ? 3 : 57;

  /** getpid(2). */
  public static final int GETPID = X86 ? 39 : 172;

  /** read(2). */
  public static final int READ = X86 ? 0 : 63;

  /** write(2). */
  public static final int WRITE = X86 ? 1 : 64;

  /** pread64(2). */
  public static final int PREAD64 = X86 ? 17 : 67;

  /** pwrite64(2). */
  public static final int PWRITE64 = X86 ? 18 : 68;

  /** ioctl(2). */
  public static final int IOCTL = X86 ? 16 : 29;

  /** flock(2). */
  public static final int FLOCK = X86 ? 73 : 32;

  /** fsync(2). */
  public static final int FSYNC = X86 ? 74 : 82;

  /** ftruncate(2). */
  public static final int FTRUNCATE = X86 ? 77 : 46;

  /** sched_setaffinity(2). */
  public static final int SCHED_SETAFFINITY = X86 ? 203 : 122;

  /** sched_getaffinity(2). */
  public static final int SCHED_GETAFFINITY = X86 ? 204 : 123;

  /** openat(2). */
  public static final int OPENAT = X86 ? 257 : 56;

  /** fallocate(2). */
  public static final int FALLOCATE = X86 ? 285 : 47;

  /** ppoll(2). */
  public static final int PPOLL = X86 ? 271 : 73;

  /** eventfd2(2). */
  public static final int EVENTFD2 = X86 ? 290 : 19;

  /** prlimit64(2). */
  public static final int PRLIMIT64 = X86 ? 302 : 261;

  /** statx(2), Linux 4.11. */
  public static final int STATX = X86 ? 332 : 291;

  /** io_uring_setup(2), Linux 5.1. */
  public static final int IO_URING_SETUP = 425;

  /** io_uring_enter(2), Linux 5.1. */
  public static final int IO_URING_ENTER = 426;

  /** io_uring_register(2), Linux 5.1. */
  public static final int IO_URING_REGISTER = 427;

  private SyscallNumber() {}
}
