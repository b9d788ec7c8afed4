// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import java.io.IOException;

/** A system call that failed: which one, with what arguments, and the errno. */
public final class ErrnoException extends IOException {
  private static final long serialVersionUID = 1L;

  private final String call;
  private final int errno;

  /**
   * Creates the exception.
   *
   * @param call the call with its arguments, such as {@code madvise(0x7f00, 4096, 4)}
   * @param errno the errno it returned, above 0
   */
  public ErrnoException(String call, int errno) {
    this(call, errno, "");
  }

  /**
   * Creates the exception with advice.
   *
   * @param call the call with its arguments
   * @param errno the errno it returned, above 0
   * @param advice what to do about it, or empty
   */
  public ErrnoException(String call, int errno, String advice) {
    super(call + ": " + Errno.describe(errno) + (advice.isEmpty() ? "" : "; " + advice));
    this.call = call;
    this.errno = errno;
  }

  /**
   * Returns the call that failed.
   *
   * @return its name and arguments
   */
  public String call() {
    return call;
  }

  /**
   * Returns the errno.
   *
   * @return above 0
   */
  public int errno() {
    return errno;
  }

  /**
   * Returns the errno's name.
   *
   * @return such as {@code ENOMEM}
   */
  public String errnoName() {
    return Errno.name(errno);
  }
}
