// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * The process's signal handlers (sigaction(2)), to be put back after a library has set its own. The
 * JVM needs its handlers: without that of SIGBUS, a read beyond the end of a file that was cut off
 * spins for ever (facts, "SPDK").
 *
 * <p><b>Concurrency.</b> Used by one thread; the handlers are those of the process, so nobody else
 * should change them meanwhile.
 */
public final class SignalHandlers implements AutoCloseable {
  /** The classic signals; SIGKILL and SIGSTOP have no handlers. */
  private static final int SIGNAL_MAX = 31;

  /** More than {@code struct sigaction} of any C library has. */
  private static final int ACTION_BYTES = 256;

  private static final MethodHandle SIGACTION = link();

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment actions = arena.allocate(ACTION_BYTES * (SIGNAL_MAX + 1L), 16);

  private SignalHandlers() {
    for (int signal = 1; signal <= SIGNAL_MAX; signal++) {
      call(signal, 0, actions.address() + (long) signal * ACTION_BYTES);
    }
  }

  @SuppressWarnings("restricted")
  private static MethodHandle link() {
    return Linker.nativeLinker()
        .downcallHandle(
            Linker.nativeLinker().defaultLookup().findOrThrow("sigaction"),
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG));
  }

  /**
   * Notes the present handlers.
   *
   * @return what {@link #close} puts back
   */
  public static SignalHandlers save() {
    return new SignalHandlers();
  }

  /** Puts the handlers back. */
  @Override
  public void close() {
    for (int signal = 1; signal <= SIGNAL_MAX; signal++) {
      call(signal, actions.address() + (long) signal * ACTION_BYTES, 0);
    }
    arena.close();
  }

  /** Refused for the two signals that have no handlers, and for none else. */
  private static void call(int signal, long newAction, long oldAction) {
    try {
      int result = (int) SIGACTION.invokeExact(signal, newAction, oldAction);
      assert result == 0 || signal == 9 || signal == 19 : "sigaction(" + signal + ")";
    } catch (Throwable e) {
      throw new AssertionError("sigaction(" + signal + ")", e);
    }
  }
}
