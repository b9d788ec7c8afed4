// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a dropper does on kernels that know less, by filters that refuse what they refuse. */
class PageDropperTest {
  private static final int PAGE_BYTES = 4096;
  private static final int PAGES = 64;
  private static final int PIDFD_SELF = -10_000;

  @ParameterizedTest
  @ValueSource(ints = {Errno.ENOSYS, Errno.EPERM, Errno.EINVAL})
  void shouldDropOneByOneWhereTheCallIsRefused(int errno) throws Exception {
    // Before Linux 5.10, in some containers, and before Linux 6.13.
    assertEquals(
        PAGES / 2 + " calls, madvise loop",
        dropped(() -> SeccompFilter.refuse(SyscallNumber.PROCESS_MADVISE, errno)));
  }

  @Test
  void shouldTakeAnOwnPidfdWhereThereIsNoneForOneself() throws Exception {
    String mode = dropped(() -> null);
    assumeTrue(mode.contains("process_madvise"), "this kernel has no process_madvise on oneself");
    assertEquals(
        "1 calls, process_madvise(own pidfd)",
        dropped(
            () ->
                SeccompFilter.refuseWhere(SyscallNumber.PROCESS_MADVISE, PIDFD_SELF, Errno.EBADF)));
  }

  @Test
  void shouldDropOneByOneWithoutAPidfd() throws Exception {
    assertEquals(
        PAGES / 2 + " calls, madvise loop",
        dropped(
            () -> {
              SeccompFilter.refuse(SyscallNumber.PIDFD_OPEN, Errno.ENOSYS);
              return SeccompFilter.refuseWhere(
                  SyscallNumber.PROCESS_MADVISE, PIDFD_SELF, Errno.EBADF);
            }));
  }

  /** Drops every second page behind a filter and checks all of them; returns how it was done. */
  private static String dropped(Callable<?> filter) throws Exception {
    return SeccompFilter.onThread(
        filter,
        () -> {
          try (MappedRegion region = VirtualMemory.reserve((long) PAGES * PAGE_BYTES);
              PageDropper dropper = new PageDropper()) {
            return dropEverySecond(region, dropper) + " calls, " + dropper.mode();
          }
        });
  }

  private static int dropEverySecond(MappedRegion region, PageDropper dropper) {
    long[] addresses = new long[PAGES / 2];
    for (int i = 0; i < PAGES; i++) {
      NativeMemory.ALL.set(JAVA_LONG, region.address() + (long) i * PAGE_BYTES, i + 1);
    }
    for (int i = 0; i < addresses.length; i++) {
      addresses[i] = region.address() + 2L * i * PAGE_BYTES;
    }
    int calls = dropper.drop(addresses, addresses.length, PAGE_BYTES);
    for (int i = 0; i < PAGES; i++) {
      long found = NativeMemory.ALL.get(JAVA_LONG, region.address() + (long) i * PAGE_BYTES);
      assertEquals(i % 2 == 0 ? 0 : i + 1, found, "page " + i);
    }
    return calls;
  }
}
