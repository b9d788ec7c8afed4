// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Block devices claimed for this process (open(2), O_EXCL without O_CREAT): while it lasts nobody
 * can mount one, swap to it or make it a member of something. Reads nothing, changes nothing.
 *
 * <p><b>Concurrency.</b> One thread at a time.
 */
public final class BlockClaim implements AutoCloseable {
  private static final int AT_FDCWD = -100;
  private static final int O_EXCL = 0200;
  private static final int O_CLOEXEC = 02000000;

  private final List<Long> descriptors = new ArrayList<>();

  /** Creates a claim of nothing. */
  public BlockClaim() {}

  /**
   * Claims one more device; with a disk its partitions. A device without a node is left out: what
   * cannot be opened cannot be claimed by others that way either.
   *
   * @param path its node
   * @return false when somebody else has claimed it
   * @throws ErrnoException when it cannot be opened for another reason
   */
  public boolean tryAdd(Path path) throws ErrnoException {
    long result;
    try (Arena arena = Arena.ofConfined()) {
      long name = arena.allocateFrom(path.toString()).address();
      result = Syscall.shared(SyscallNumber.OPENAT, AT_FDCWD, name, O_EXCL | O_CLOEXEC, 0);
    }
    if (result >= 0) {
      descriptors.add(result);
    } else if (result != -Errno.ENOENT && result != -Errno.EBUSY) {
      throw new ErrnoException("open(" + path + ", O_RDONLY | O_EXCL)", (int) -result);
    }
    return result != -Errno.EBUSY;
  }

  /** Gives the devices up. Idempotent. */
  @Override
  public void close() {
    for (long fd : descriptors) {
      Syscall.shared(SyscallNumber.CLOSE, fd);
    }
    descriptors.clear();
  }
}
