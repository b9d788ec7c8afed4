// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Refuses system calls to one thread and to what it starts, as the filter of a container does to
 * all of it (seccomp(2), struct sock_filter in linux/filter.h). Needs no rights and cannot be taken
 * back: {@link #onThread} gives it to a thread that ends.
 *
 * <p>The filter looks at the number of the call only, not at the architecture: the JVM makes calls
 * of its own one.
 */
final class SeccompFilter {
  private static final boolean X86 = "amd64".equals(System.getProperty("os.arch"));
  private static final int PRCTL = X86 ? 157 : 167;
  private static final int SECCOMP = X86 ? 317 : 277;
  private static final int PR_SET_NO_NEW_PRIVS = 38;
  private static final int SECCOMP_SET_MODE_FILTER = 1;

  private static final int LOAD_WORD = 0x20;
  private static final int JUMP_IF_EQUAL = 0x15;
  private static final int RETURN = 0x06;
  private static final int RETURN_ERRNO = 0x00050000;
  private static final int RETURN_ALLOW = 0x7fff0000;

  /** Offsets in struct seccomp_data; the low half of an argument comes first. */
  private static final int NUMBER = 0;

  private static final int FIRST_ARGUMENT = 16;

  private static final int INSTRUCTION_BYTES = 8;

  /** Code, where to go if equal and if not (relative), operand. */
  private record Instruction(int code, int ifEqual, int ifNot, int operand) {}

  private SeccompFilter() {}

  /** Runs an action on a thread of its own that a filter was installed in. */
  static <T> T onThread(Callable<?> filter, Callable<T> action) throws Exception {
    try (ExecutorService thread =
        Executors.newSingleThreadExecutor(Thread.ofPlatform().name("filtered").factory())) {
      return thread
          .submit(
              () -> {
                filter.call();
                return action.call();
              })
          .get();
    }
  }

  /**
   * Makes a system call fail in the calling thread.
   *
   * @param number the call, of {@link SyscallNumber}
   * @param errno what it fails with
   * @throws ErrnoException when filters are refused
   */
  static Void refuse(int number, int errno) throws ErrnoException {
    return install(
        List.of(
            new Instruction(LOAD_WORD, 0, 0, NUMBER),
            new Instruction(JUMP_IF_EQUAL, 0, 1, number),
            new Instruction(RETURN, 0, 0, RETURN_ERRNO | errno),
            new Instruction(RETURN, 0, 0, RETURN_ALLOW)));
  }

  /** The same, but only where the call's first argument, an int, has a value. */
  static Void refuseWhere(int number, int firstArgument, int errno) throws ErrnoException {
    return install(
        List.of(
            new Instruction(LOAD_WORD, 0, 0, NUMBER),
            new Instruction(JUMP_IF_EQUAL, 0, 3, number),
            new Instruction(LOAD_WORD, 0, 0, FIRST_ARGUMENT),
            new Instruction(JUMP_IF_EQUAL, 0, 1, firstArgument),
            new Instruction(RETURN, 0, 0, RETURN_ERRNO | errno),
            new Instruction(RETURN, 0, 0, RETURN_ALLOW)));
  }

  /**
   * Runs a command to which io_uring_setup(2) is refused, for tests of scripts: {@code ERRNO
   * COMMAND...}. Exits as the command does.
   */
  public static void main(String[] arguments) throws Exception {
    int errno = Integer.parseInt(arguments[0]);
    refuse(SyscallNumber.IO_URING_SETUP, errno);
    List<String> command = List.of(arguments).subList(1, arguments.length);
    // Started by this thread, so that the command inherits its filter.
    System.exit(new ProcessBuilder(command).inheritIO().start().waitFor());
  }

  private static Void install(List<Instruction> program) throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment code = arena.allocate((long) INSTRUCTION_BYTES * program.size(), 8);
      for (int i = 0; i < program.size(); i++) {
        long offset = (long) INSTRUCTION_BYTES * i;
        code.set(JAVA_SHORT, offset, (short) program.get(i).code);
        code.set(JAVA_BYTE, offset + 2, (byte) program.get(i).ifEqual);
        code.set(JAVA_BYTE, offset + 3, (byte) program.get(i).ifNot);
        code.set(JAVA_INT, offset + 4, program.get(i).operand);
      }
      MemorySegment filter = arena.allocate(16, 8); // struct sock_fprog: u16 length, code
      filter.set(JAVA_SHORT, 0, (short) program.size());
      filter.set(JAVA_LONG, 8, code.address());
      check("prctl(NO_NEW_PRIVS)", Syscall.shared(PRCTL, PR_SET_NO_NEW_PRIVS, 1));
      check(
          "seccomp(FILTER)", Syscall.shared(SECCOMP, SECCOMP_SET_MODE_FILTER, 0, filter.address()));
    }
    return null;
  }

  private static void check(String call, long result) throws ErrnoException {
    if (result < 0) {
      throw new ErrnoException(call, (int) -result);
    }
  }
}
