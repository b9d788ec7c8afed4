// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A counter that wakes its reader (eventfd(2)).
 *
 * <p><b>Concurrency.</b> {@link #signal} may be called by any thread, several at a time: they share
 * the memory errno is captured into, whose content nobody reads. {@link #close} only after the last
 * signal, or the number of the descriptor may be somebody else's by then; the owner ensures it.
 */
public final class EventFd implements AutoCloseable {
  private static final int EFD_CLOEXEC = 02000000;

  private final Arena arena = Arena.ofShared();
  private final Syscall syscall = new Syscall(arena);
  private final MemorySegment one = arena.allocate(JAVA_LONG);
  private final int fd;

  /**
   * Creates the counter, at 0.
   *
   * @throws ErrnoException when the process has too many open files
   */
  public EventFd() throws ErrnoException {
    one.set(JAVA_LONG, 0, 1);
    fd = (int) Syscall.shared(SyscallNumber.EVENTFD2, 0, EFD_CLOEXEC);
    if (fd < 0) {
      arena.close();
      throw new ErrnoException("eventfd2(0, EFD_CLOEXEC)", -fd);
    }
  }

  /**
   * Returns the file descriptor, which this object owns.
   *
   * @return 0 or above
   */
  public int fd() {
    return fd;
  }

  /** Adds one, which lets a reader go on. */
  public void signal() {
    long result = syscall.call(SyscallNumber.WRITE, fd, one.address(), Long.BYTES, 0, 0, 0);
    if (result == -Errno.EBADF) {
      throw new AssertionError("eventfd " + fd + " is closed");
    }
  }

  @Override
  public void close() {
    Syscall.shared(SyscallNumber.CLOSE, fd);
    arena.close();
  }
}
