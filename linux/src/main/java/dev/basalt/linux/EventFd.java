// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A counter that wakes its reader (eventfd(2)).
 *
 * <p><b>Concurrency.</b> {@link #signal} may be called by any thread, several at a time: they share
 * the memory errno is captured into, whose content nobody reads. {@link #await} is called by one
 * thread at a time. {@link #close} only after the last signal and wait, or the number of the
 * descriptor may be somebody else's by then; the owner ensures it.
 */
public final class EventFd implements AutoCloseable {
  private static final int EFD_CLOEXEC = 02000000;
  private static final long NANOS_PER_SECOND = 1_000_000_000;

  /** {@code struct pollfd}: s32 fd, s16 events, s16 revents (poll(2)). */
  private static final int POLL_EVENTS = 4;

  private static final short POLLIN = 1;

  /** {@code struct timespec}: s64 seconds, s64 nanoseconds. */
  private static final int TIME_BYTES = 16;

  private final Arena arena = Arena.ofShared();
  private final Syscall syscall = new Syscall(arena);
  private final Syscall waiting = new Syscall(arena);
  private final MemorySegment one = arena.allocate(JAVA_LONG);
  private final MemorySegment count = arena.allocate(JAVA_LONG);
  private final MemorySegment poll = arena.allocate(JAVA_LONG);
  private final MemorySegment time = arena.allocate(TIME_BYTES, Long.BYTES);
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
    poll.set(JAVA_INT, 0, fd);
    poll.set(JAVA_SHORT, POLL_EVENTS, POLLIN);
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

  /**
   * Waits until the counter is above 0, and sets it to 0.
   *
   * @param nanos how long at most, 0 or above
   * @return what it was; 0 when the time was over, or a signal of the operating system came first
   */
  public long await(long nanos) {
    time.set(JAVA_LONG, 0, nanos / NANOS_PER_SECOND);
    time.set(JAVA_LONG, Long.BYTES, nanos % NANOS_PER_SECOND);
    long ready =
        waiting.call(SyscallNumber.PPOLL, poll.address(), 1, time.address(), 0, 0, 0); // no mask
    if (ready <= 0) {
      return 0;
    }
    long result =
        waiting.call(SyscallNumber.READ, fd, count.address(), Long.BYTES, 0, 0, 0); // at once
    if (result != Long.BYTES) {
      throw new AssertionError("read(eventfd " + fd + "): " + result);
    }
    return count.get(JAVA_LONG, 0);
  }

  @Override
  public void close() {
    Syscall.shared(SyscallNumber.CLOSE, fd);
    arena.close();
  }
}
