// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.linux.DirectFile;
import dev.basalt.linux.Errno;
import dev.basalt.linux.Syscall;
import java.lang.foreign.Arena;

/**
 * A queue pair of a file on a memory file system: pread(2) and pwrite(2) by the owner's thread.
 *
 * <p>Such a file system has no transfers that end later, so a ring hands each command to a worker
 * thread of the kernel and costs three times as much (docs/performance.md). Nothing waits here but
 * for a copy of memory.
 *
 * <p><b>Ownership.</b> Owns the arena of its system calls, closed with the queue pair. The file is
 * the device's.
 */
final class MemoryFileQueuePair extends ImmediateQueuePair {
  private final DirectFile file;
  private final Arena arena = Arena.ofShared();
  private final Syscall syscall = new Syscall(arena);

  MemoryFileQueuePair(
      DirectFile file,
      CommandLimits limits,
      OpenQueuePairs openQueuePairs,
      int depth,
      Execution execution) {
    super(limits, openQueuePairs, depth, execution);
    this.file = file;
  }

  @Override
  int read(long offset, long address, int lengthBytes) {
    return FileBlockReader.read(file, syscall, offset, address, lengthBytes);
  }

  @Override
  int write(long offset, long address, int lengthBytes) {
    for (int done = 0; done < lengthBytes; ) {
      long result = file.write(syscall, offset + done, address + done, lengthBytes - done);
      if (result == 0) {
        return IoStatus.WRITE_FAULT;
      }
      if (result < 0 && result != -Errno.EINTR) {
        return ErrnoStatus.of((int) -result, false);
      }
      done += (int) Math.max(0, result);
    }
    return IoStatus.SUCCESS;
  }

  /** There is nothing more durable than memory here; the kernel agrees at once. */
  @Override
  int flush() {
    return IoStatus.SUCCESS;
  }

  @Override
  int deallocate(long offset, long lengthBytes) {
    return allocateRange(DirectFile.PUNCH_HOLE, offset, lengthBytes);
  }

  /** A hole reads as zeroes. */
  @Override
  int writeZeroes(long offset, long lengthBytes) {
    return allocateRange(DirectFile.PUNCH_HOLE, offset, lengthBytes);
  }

  @Override
  void release() {
    arena.close();
  }

  private int allocateRange(int mode, long offset, long lengthBytes) {
    int result = file.allocateRange(mode, offset, lengthBytes);
    return result == 0 ? IoStatus.SUCCESS : ErrnoStatus.of(-result, false);
  }
}
