// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class IoUringRefusalTest {
  private static final int CAPSET = "amd64".equals(System.getProperty("os.arch")) ? 126 : 91;
  private static final int CAPABILITY_VERSION = 0x20080522;
  private static final int RLIMIT_MEMLOCK = 8;
  private static final long LOCKED_BYTES_MAX = 4 << 20;
  private static final long BUFFER_BYTES = 8 << 20;

  @Test
  void shouldNameSysctl() {
    assertSays(
        IoUringRefusal.ofSetup(Errno.EPERM, 2, 65536),
        "kernel.io_uring_disabled is 2",
        "'sysctl -w kernel.io_uring_disabled=0'",
        "file:");
    assertSays(IoUringRefusal.ofSetup(Errno.EPERM, 1, 65536), "kernel.io_uring_group");
  }

  @Test
  void shouldNameSeccomp() {
    assertSays(IoUringRefusal.ofSetup(Errno.EPERM, 0, 65536), "seccomp");
    assertSays(IoUringRefusal.ofSetup(Errno.EPERM, -1, 65536), "seccomp");
    assertSays(IoUringRefusal.ofSetup(Errno.ENOSYS, -1, 65536), "5.11", "seccomp", "file:");
  }

  @Test
  void shouldNameMemlock() {
    assertSays(IoUringRefusal.ofSetup(Errno.ENOMEM, 0, 65536), "memlock", "'ulimit -l unlimited'");
    assertSays(
        IoUringRefusal.ofBuffers(Errno.ENOMEM, 5000, "open without fixed=true"),
        "memlock",
        "'ulimit -l 5'",
        "fixed=true");
  }

  @Test
  @Tag("uring")
  void shouldNameSeccompWhereAFilterRefuses() throws Exception {
    requireRing();
    for (int errno : new int[] {Errno.EPERM, Errno.ENOSYS}) {
      ErrnoException refused =
          SeccompFilter.onThread(
              () -> SeccompFilter.refuse(SyscallNumber.IO_URING_SETUP, errno),
              () -> assertThrows(ErrnoException.class, () -> new IoUring(4)));
      assertSays(
          String.valueOf(refused.getMessage()),
          Errno.name(errno),
          "seccomp",
          "--security-opt seccomp=",
          "file:");
    }
    new IoUring(4).close(); // the other threads are as they were
  }

  @Test
  @Tag("uring")
  void shouldNameMemlockWhereBuffersDoNotFit() throws Exception {
    requireRing();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment limits = arena.allocate(JAVA_LONG, 2);
      setMemlock(0, limits.address());
      MemorySegment low = arena.allocate(JAVA_LONG, 2).copyFrom(limits);
      low.set(JAVA_LONG, 0, LOCKED_BYTES_MAX); // the soft limit, which may be raised again
      setMemlock(low.address(), 0);
      try {
        ErrnoException refused =
            SeccompFilter.onThread(
                IoUringRefusalTest::dropCapabilities,
                () -> assertThrows(ErrnoException.class, IoUringRefusalTest::registerBuffer));
        assertSays(
            String.valueOf(refused.getMessage()),
            "ENOMEM",
            "locked memory is limited to 4096 KiB",
            "'ulimit -l ");
      } finally {
        setMemlock(limits.address(), 0);
      }
    }
  }

  private static void requireRing() {
    try {
      new IoUring(1).close();
    } catch (ErrnoException e) {
      assumeTrue(false, e.getMessage());
    }
  }

  private static void registerBuffer() throws ErrnoException {
    try (IoUring ring = new IoUring(4);
        MappedRegion memory = VirtualMemory.reserve(BUFFER_BYTES)) {
      ring.registerBuffers(memory.address(), BUFFER_BYTES);
    }
  }

  private static void setMemlock(long newLimits, long oldLimits) {
    long result = Syscall.shared(SyscallNumber.PRLIMIT64, 0, RLIMIT_MEMLOCK, newLimits, oldLimits);
    assertTrue(result == 0, () -> "prlimit64: " + Errno.describe((int) -result));
  }

  /** Root's right to lock memory, too, is the thread's own (capabilities(7)). */
  private static long dropCapabilities() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment header = arena.allocate(JAVA_INT, 2);
      header.set(JAVA_INT, 0, CAPABILITY_VERSION);
      MemorySegment none = arena.allocate(JAVA_INT, 6);
      long result = Syscall.shared(CAPSET, header.address(), none.address());
      assertTrue(result == 0, () -> "capset: " + Errno.describe((int) -result));
      return result;
    }
  }

  private static void assertSays(String text, String... words) {
    for (String word : words) {
      assertTrue(text.contains(word), () -> "'" + word + "' is not in: " + text);
    }
  }
}
