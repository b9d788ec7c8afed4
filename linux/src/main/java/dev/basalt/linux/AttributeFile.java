// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Files of sysfs that the kernel acts on when they are written. */
public final class AttributeFile {
  private static final int AT_FDCWD = -100;
  private static final int O_WRONLY = 1;
  private static final int O_TRUNC = 01000;
  private static final int O_CLOEXEC = 02000000;

  private AttributeFile() {}

  /**
   * Writes a text with one system call, as the kernel wants it.
   *
   * @param path an existing file
   * @param text what to write
   * @throws ErrnoException when the kernel refuses
   */
  public static void write(Path path, String text) throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      long name = arena.allocateFrom(path.toString()).address();
      long fd =
          Syscall.shared(SyscallNumber.OPENAT, AT_FDCWD, name, O_WRONLY | O_TRUNC | O_CLOEXEC, 0);
      if (fd < 0) {
        throw new ErrnoException("open(" + path + ", O_WRONLY)", (int) -fd);
      }
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      MemorySegment buffer = arena.allocate(Math.max(bytes.length, 1));
      MemorySegment.copy(bytes, 0, buffer, JAVA_BYTE, 0, bytes.length);
      long result = Syscall.shared(SyscallNumber.WRITE, fd, buffer.address(), bytes.length);
      Syscall.shared(SyscallNumber.CLOSE, fd);
      if (result < 0) {
        throw new ErrnoException("write(" + path + ", '" + text.strip() + "')", (int) -result);
      }
    }
  }
}
