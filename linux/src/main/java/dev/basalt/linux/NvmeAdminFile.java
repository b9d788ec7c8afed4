// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import static dev.basalt.linux.NvmeCommandAbi.*;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The character device of an NVMe controller, {@code /dev/nvme0}, through which the kernel's driver
 * takes admin commands. Neither locked nor claimed: meant for commands that change nothing.
 *
 * <p><b>Ownership.</b> Owns the descriptor.
 *
 * <p><b>Concurrency.</b> Any thread; {@link #close} after the last command.
 */
public final class NvmeAdminFile implements AutoCloseable {
  private static final int AT_FDCWD = -100;
  private static final int O_CLOEXEC = 02000000;

  private final Path path;
  private final int fd;
  private boolean isClosed;

  private NvmeAdminFile(Path path, int fd) {
    this.path = path;
    this.fd = fd;
  }

  /**
   * What came of an admin command.
   *
   * @param status status field of its completion, without the phase tag; 0 when it succeeded
   * @param result dword 0 of its completion
   */
  public record Answer(int status, int result) {}

  /**
   * Opens a device.
   *
   * @param path such as {@code /dev/nvme0}
   * @return the device, to be closed by the caller
   * @throws IOException when it cannot be opened; the message says why and what to do
   */
  public static NvmeAdminFile open(Path path) throws IOException {
    if (!Files.exists(path)) {
      throw new IOException(
          "there is no " + path + "; 'basalt device list' shows the NVMe devices there are");
    }
    long result;
    try (Arena arena = Arena.ofConfined()) {
      long name = arena.allocateFrom(path.toString()).address();
      result = Syscall.shared(SyscallNumber.OPENAT, AT_FDCWD, name, O_CLOEXEC, 0);
    }
    if (result < 0) {
      throw new ErrnoException("open(" + path + ")", (int) -result, advice((int) -result));
    }
    return new NvmeAdminFile(path, (int) result);
  }

  /**
   * Runs a command of the admin queue and waits for its end.
   *
   * @param opcode which
   * @param id of the namespace it is about, 0 of none
   * @param dwords dwords 10 and 11, the lower half first
   * @param data what the controller is to write; may be empty
   * @param timeoutMillis after how long the kernel aborts it
   * @return how it ended
   * @throws ErrnoException when the kernel refuses, with the advice
   */
  public synchronized Answer admin(
      int opcode, int id, long dwords, MemorySegment data, int timeoutMillis)
      throws ErrnoException {
    if (isClosed) {
      throw new IllegalStateException(path + " is closed");
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment command = command(opcode, id, dwords, data, timeoutMillis, arena);
      long result = Syscall.shared(SyscallNumber.IOCTL, fd, IOCTL_ADMIN, command.address());
      if (result < 0) {
        throw refused(path, opcode, (int) -result, advice((int) -result));
      }
      return new Answer((int) result, command.get(JAVA_INT, RESULT_OFFSET));
    }
  }

  /** Writes a {@code struct nvme_admin_cmd}. */
  static MemorySegment command(
      int opcode, int id, long dwords, MemorySegment data, int timeoutMillis, Arena arena) {
    MemorySegment command = arena.allocate(SIZE_BYTES, 8);
    command.set(JAVA_BYTE, OPCODE_OFFSET, (byte) opcode);
    command.set(JAVA_INT, NAMESPACE_OFFSET, id);
    command.set(JAVA_LONG, ADDRESS_OFFSET, data.byteSize() == 0 ? 0 : data.address());
    command.set(JAVA_INT, LENGTH_OFFSET, (int) data.byteSize());
    command.set(JAVA_INT, DWORD10_OFFSET, (int) dwords);
    command.set(JAVA_INT, DWORD11_OFFSET, (int) (dwords >>> 32));
    command.set(JAVA_INT, TIMEOUT_OFFSET, timeoutMillis);
    return command;
  }

  static ErrnoException refused(Path path, int opcode, int errno, String advice) {
    return new ErrnoException(
        "ioctl(%s, NVME_IOCTL_ADMIN_CMD, %02xh)".formatted(path, opcode), errno, advice);
  }

  private static String advice(int errno) {
    return errno == Errno.EACCES || errno == Errno.EPERM ? "admin commands need root" : "";
  }

  @Override
  public synchronized void close() {
    if (!isClosed) {
      isClosed = true;
      Syscall.shared(SyscallNumber.CLOSE, fd);
    }
  }

  @Override
  public String toString() {
    return path.toString();
  }
}
