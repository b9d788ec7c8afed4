// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The limit of memory this process may lock (RLIMIT_MEMLOCK, getrlimit(2)). */
public final class Memlock {
  /** No limit. */
  public static final long UNLIMITED = -1;

  private static final int RLIMIT_MEMLOCK = 8;

  private Memlock() {}

  /**
   * Returns the present soft limit; a process with CAP_IPC_LOCK is not bound by it.
   *
   * @return bytes, or {@link #UNLIMITED}
   */
  public static long limitBytes() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment limits = arena.allocate(JAVA_LONG, 2);
      long result = Syscall.shared(SyscallNumber.PRLIMIT64, 0, RLIMIT_MEMLOCK, 0, limits.address());
      if (result < 0) {
        throw new AssertionError("prlimit64(RLIMIT_MEMLOCK): " + Errno.describe((int) -result));
      }
      return limits.get(JAVA_LONG, 0);
    }
  }

  /**
   * Describes the limit for people.
   *
   * @return such as {@code 8192 KiB}
   */
  public static String describe() {
    return describe(limitBytes());
  }

  static String describe(long limit) {
    return limit == UNLIMITED ? "nothing (unlimited)" : limit / 1024 + " KiB";
  }
}
