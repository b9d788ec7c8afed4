// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Whether files at a place can be read and written past the page cache (open(2), O_DIRECT).
 *
 * @param fileSystem its type, such as {@code ext4}
 * @param errno what an open with O_DIRECT gave, 0 when it worked
 */
public record DirectProbe(String fileSystem, int errno) {
  private static final int AT_FDCWD = -100;
  private static final int O_RDWR = 2;
  private static final int O_CREAT = 0100;
  private static final int O_EXCL = 0200;
  private static final int O_CLOEXEC = 02000000;
  private static final boolean X86 = "amd64".equals(System.getProperty("os.arch"));
  private static final int O_DIRECTORY = X86 ? 0200000 : 040000;
  private static final int O_TMPFILE = 020000000 | O_DIRECTORY;
  private static final int O_DIRECT = X86 ? 040000 : 0200000;
  private static final int RIGHTS = 0600;

  /**
   * Tries it, leaving nothing behind: in a directory with a file that never has a name, or, where
   * the file system has no such files, with one that is removed at once.
   *
   * @param path a directory, a file, or a file to be made
   * @return what came of it
   * @throws UncheckedIOException when a file that was made cannot be removed
   */
  public static DirectProbe of(Path path) {
    Path place = Files.exists(path) ? path : path.toAbsolutePath().getParent();
    if (place == null || !Files.exists(place)) {
      return new DirectProbe("unknown", Errno.ENOENT);
    }
    int errno = Files.isDirectory(place) ? openIn(place) : open(place, O_DIRECT);
    return new DirectProbe(fileSystem(place), errno);
  }

  private static int openIn(Path directory) {
    int errno = open(directory, O_DIRECT | O_TMPFILE | O_RDWR);
    boolean hasNameless = errno != Errno.EOPNOTSUPP && errno != Errno.EISDIR;
    return hasNameless ? errno : openNamed(directory);
  }

  /** The kernel makes the file before it refuses to open it so. */
  private static int openNamed(Path directory) {
    Path file = directory.resolve(".basalt-doctor-" + ProcessHandle.current().pid());
    int errno = open(file, O_DIRECT | O_CREAT | O_EXCL | O_RDWR);
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return errno;
  }

  private static int open(Path path, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      long name = arena.allocateFrom(path.toString()).address();
      long result = Syscall.shared(SyscallNumber.OPENAT, AT_FDCWD, name, flags | O_CLOEXEC, RIGHTS);
      if (result < 0) {
        return (int) -result;
      }
      Syscall.shared(SyscallNumber.CLOSE, result);
      return 0;
    }
  }

  private static String fileSystem(Path path) {
    try {
      return Files.getFileStore(path).type();
    } catch (IOException _) { // As of a place that has just gone.
      return "unknown";
    }
  }
}
