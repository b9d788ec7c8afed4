// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** Opens the character devices of VFIO and iommufd, and sends them requests. */
final class VfioFiles {
  private static final int AT_FDCWD = -100;
  private static final int O_RDWR = 2;
  private static final int O_CLOEXEC = 02000000;

  private VfioFiles() {}

  /** Opens a file for requests; the advice is given when the kernel refuses. */
  static int open(Path path, String advice) throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      long text = arena.allocateFrom(path.toString()).address();
      long result = Syscall.shared(SyscallNumber.OPENAT, AT_FDCWD, text, O_RDWR | O_CLOEXEC, 0);
      if (result < 0) {
        throw new ErrnoException("open(" + path + ", O_RDWR)", (int) -result, advice);
      }
      return (int) result;
    }
  }

  /** Sends a request with a structure; returns the result or the negated errno. */
  static long ioctl(int fd, long request, MemorySegment structure) {
    return Syscall.shared(SyscallNumber.IOCTL, fd, request, structure.address());
  }
}
