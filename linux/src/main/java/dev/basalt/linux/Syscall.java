// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/**
 * Raw system calls by number through glibc's {@code syscall(2)}, x86-64 and the generic table of
 * arm64 alike.
 *
 * <p>Results follow the kernel's convention: 0 or above on success, the negated errno otherwise, so
 * that hot callers need no exception.
 *
 * <p><b>Concurrency.</b> An instance holds the memory errno is captured into, so it is used by one
 * thread at a time; {@link #shared} has one per call and suits cold paths only.
 */
public final class Syscall {
  private static final Linker LINKER = Linker.nativeLinker();
  private static final StructLayout CAPTURE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      CAPTURE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
  private static final MethodHandle SYSCALL = link();

  private final MemorySegment capture;

  /**
   * Creates a caller.
   *
   * @param arena owns the memory errno is captured into; outlives this object
   */
  public Syscall(Arena arena) {
    capture = arena.allocate(CAPTURE);
  }

  @SuppressWarnings("restricted")
  private static MethodHandle link() {
    FunctionDescriptor descriptor =
        FunctionDescriptor.of(
            JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    return LINKER.downcallHandle(
        LINKER.defaultLookup().findOrThrow("syscall"),
        descriptor,
        Linker.Option.captureCallState("errno"));
  }

  /**
   * Calls the kernel; unused arguments are 0.
   *
   * @param number the call, of {@link SyscallNumber}
   * @param a first argument
   * @param b second argument
   * @param c third argument
   * @param d fourth argument
   * @param e fifth argument
   * @param f sixth argument
   * @return the result, or the negated errno
   */
  public long call(int number, long a, long b, long c, long d, long e, long f) {
    long result;
    try {
      result = (long) SYSCALL.invokeExact(capture, (long) number, a, b, c, d, e, f);
    } catch (Throwable failure) {
      throw new AssertionError("syscall " + number, failure);
    }
    return result == -1 ? -(int) ERRNO.get(capture, 0L) : result;
  }

  /**
   * Calls the kernel with memory of its own for errno; for cold paths on any thread.
   *
   * @param number the call, of {@link SyscallNumber}
   * @param arguments up to six
   * @return the result, or the negated errno
   */
  public static long shared(int number, long... arguments) {
    long[] a = java.util.Arrays.copyOf(arguments, 6);
    try (Arena arena = Arena.ofConfined()) {
      return new Syscall(arena).call(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    }
  }
}
