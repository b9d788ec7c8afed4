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

  /** pidfd_open(2), Linux 5.3. */
  public static final int PIDFD_OPEN = 434;

  /** process_madvise(2), Linux 5.10. */
  public static final int PROCESS_MADVISE = 440;

  private SyscallNumber() {}
}
