// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A command that a device ended with an error, or that never reached it. */
public final class IoException extends IOException {
  private static final long serialVersionUID = 1L;

  /** How the command ended; see {@link IoStatus}. */
  private final int status;

  /**
   * Creates an exception.
   *
   * @param message names the command, LBA, count and status
   * @param status how the command ended; see {@link IoStatus}
   * @param cause what ended the poller, or null when the device answered
   */
  public IoException(String message, int status, @Nullable Throwable cause) {
    super(message, cause);
    this.status = status;
  }

  /**
   * Returns how the command ended.
   *
   * @return a status; see {@link IoStatus}
   */
  public int status() {
    return status;
  }
}
