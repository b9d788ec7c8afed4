// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.doctor;

import dev.basalt.linux.Errno;
import dev.basalt.linux.IoUringRefusal;

/** Whether the kernel gives this process rings; asks as {@code basalt backends} does. */
record IoUringCheck() implements Check {
  private static final String NAME = "io_uring";

  @Override
  public Finding of(HostFacts facts) {
    SystemFacts system = facts.system();
    int errno = system.ioUringErrno();
    if (errno == 0) {
      return Finding.ok(NAME, "works: " + system.ioUringMode());
    }
    int sysctl = (int) facts.files().number("/proc/sys/kernel/io_uring_disabled", -1);
    String filter =
        facts.files().lines("/proc/self/status").stream().anyMatch("Seccomp:\t2"::equals)
            ? ", a seccomp filter is on"
            : "";
    return Finding.problem(
        NAME,
        "io_uring_setup is refused with " + Errno.name(errno) + filter,
        "a ring, for io_uring:, nvme-uring: and xnvme:",
        IoUringRefusal.ofSetup(errno, sysctl, system.memlockBytes()));
  }
}
