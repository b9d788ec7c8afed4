// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool;

import java.io.IOException;

/**
 * The pool stopped working, because a page could not be written or one of its agents ended. Every
 * later call that needs the device throws this with the first cause.
 */
public final class BufferPoolFailedException extends IOException {
  private static final long serialVersionUID = 1;

  /**
   * Creates the exception.
   *
   * @param cause the first cause
   */
  public BufferPoolFailedException(Throwable cause) {
    super("the buffer pool has failed: " + cause.getMessage(), cause);
  }
}
