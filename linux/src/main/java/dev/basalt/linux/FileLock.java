// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The kernel's exclusive lock of an open file (flock(2)): held by the file descriptor, released
 * when that is closed or its process dies, and seen by a second opening in the same process too.
 */
final class FileLock {
  private static final int LOCK_EX = 2;
  private static final int LOCK_NB = 4;
  private static final Path LOCKS = Path.of("/proc/locks");

  private FileLock() {}

  /**
   * Takes the lock of a file or says who has it.
   *
   * @throws FileLockedException when somebody else has it
   * @throws ErrnoException when the file system has no locks
   */
  static void take(int fd, String path) throws IOException {
    long result = Syscall.shared(SyscallNumber.FLOCK, fd, LOCK_EX | LOCK_NB);
    if (result == -Errno.EAGAIN) {
      throw new FileLockedException(path, holder(fd));
    }
    if (result < 0) {
      throw new ErrnoException("flock(" + path + ", LOCK_EX | LOCK_NB)", (int) -result);
    }
  }

  /** Names the holder; locks are advisory information, so whatever fails here is no error. */
  private static String holder(int fd) {
    try (Arena arena = Arena.ofConfined()) {
      String name = StatxBuffer.of(fd, arena).lockName();
      for (String line : Files.readAllLines(LOCKS, StandardCharsets.UTF_8)) {
        // Such as "1: FLOCK  ADVISORY  WRITE 708 fe:00:12345 0 EOF" (proc(5)).
        List<String> words = List.of(line.trim().split("\\s+"));
        if (words.size() > 5 && words.get(1).equals("FLOCK") && words.get(5).equals(name)) {
          return process(words.get(4));
        }
      }
    } catch (IOException e) {
      return "another process (" + e.getMessage() + ")";
    }
    return "another process";
  }

  private static String process(String pid) throws IOException {
    if (pid.equals(Long.toString(ProcessHandle.current().pid()))) {
      return "this process";
    }
    Path comm = Path.of("/proc", pid, "comm");
    String command = Files.isReadable(comm) ? " (" + Files.readString(comm).strip() + ")" : "";
    return "process " + pid + command;
  }
}
