// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

import dev.basalt.iostack.BlockReader;
import dev.basalt.iostack.IoStatus;
import dev.basalt.linux.DirectFile;
import dev.basalt.linux.Errno;
import dev.basalt.linux.Syscall;
import java.lang.foreign.Arena;

/**
 * Reads a file or block device by pread(2).
 *
 * <p><b>Ownership.</b> Owns the arena of its system call, closed with it. The file is the device's.
 */
final class FileBlockReader implements BlockReader {
  private final DirectFile file;
  private final CommandLimits limits;
  private final OpenQueuePairs openQueuePairs;
  private final boolean mayWait;
  private final Arena arena = Arena.ofShared();
  private final Syscall syscall = new Syscall(arena);
  private boolean isClosed;

  FileBlockReader(
      DirectFile file, CommandLimits limits, OpenQueuePairs openQueuePairs, boolean mayWait) {
    this.file = file;
    this.limits = limits;
    this.openQueuePairs = openQueuePairs;
    this.mayWait = mayWait;
    openQueuePairs.add();
  }

  @Override
  public boolean mayWait() {
    return mayWait;
  }

  @Override
  public int read(long lba, int lbaCount, long address) {
    int lengthBytes = limits.checkTransfer(lba, lbaCount, address);
    return read(file, syscall, lba * limits.blockBytes(), address, lengthBytes);
  }

  /** Reads all of a range; returns a status. */
  static int read(DirectFile file, Syscall syscall, long offset, long address, int lengthBytes) {
    for (int done = 0; done < lengthBytes; ) {
      long result = file.read(syscall, offset + done, address + done, lengthBytes - done);
      if (result == 0) {
        return IoStatus.UNWRITTEN_BLOCK;
      }
      if (result < 0 && result != -Errno.EINTR) {
        return ErrnoStatus.of((int) -result, true);
      }
      done += (int) Math.max(0, result);
    }
    return IoStatus.SUCCESS;
  }

  @Override
  public void close() {
    if (!isClosed) {
      isClosed = true;
      arena.close();
      openQueuePairs.remove();
    }
  }
}
