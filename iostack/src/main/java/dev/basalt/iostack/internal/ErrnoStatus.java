// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

import dev.basalt.iostack.IoStatus;
import dev.basalt.linux.Errno;

/** Maps what the kernel says to what an NVMe controller would have said. */
public final class ErrnoStatus {
  private ErrnoStatus() {}

  /**
   * Maps an error.
   *
   * @param errno above 0
   * @param isRead whether the command was a read
   * @return a status that carries the errno
   */
  public static int of(int errno, boolean isRead) {
    return IoStatus.withErrno(status(errno, isRead), errno);
  }

  private static int status(int errno, boolean isRead) {
    return switch (errno) {
      case Errno.ENOSPC, Errno.EDQUOT, Errno.EFBIG -> IoStatus.CAPACITY_EXCEEDED;
      case Errno.ECANCELED, Errno.EINTR -> IoStatus.ABORTED;
      case Errno.EAGAIN, Errno.ENOMEM, Errno.EBUSY -> IoStatus.INTERNAL_ERROR;
      case Errno.EIO, Errno.ENODATA ->
          isRead ? IoStatus.UNRECOVERED_READ_ERROR : IoStatus.WRITE_FAULT;
      default -> IoStatus.of(0, IoStatus.code(IoStatus.INTERNAL_ERROR), true);
    };
  }
}
