// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class IoUringRefusalTest {
  @Test
  void shouldNameSysctl() {
    assertSays(IoUringRefusal.ofSetup(Errno.EPERM, 2), "kernel.io_uring_disabled is 2", "file:");
    assertSays(IoUringRefusal.ofSetup(Errno.EPERM, 1), "kernel.io_uring_group");
  }

  @Test
  void shouldNameSeccomp() {
    assertSays(IoUringRefusal.ofSetup(Errno.EPERM, 0), "seccomp");
    assertSays(IoUringRefusal.ofSetup(Errno.EPERM, -1), "seccomp");
    assertSays(IoUringRefusal.ofSetup(Errno.ENOSYS, -1), "5.11", "seccomp", "file:");
  }

  @Test
  void shouldNameMemlock() {
    assertSays(IoUringRefusal.ofSetup(Errno.ENOMEM, 0), "memlock", "ulimit -l");
    assertSays(IoUringRefusal.ofBuffers(Errno.ENOMEM), "memlock", "fixed=true");
  }

  private static void assertSays(String text, String... words) {
    for (String word : words) {
      assertTrue(text.contains(word), () -> "'" + word + "' is not in: " + text);
    }
  }
}
