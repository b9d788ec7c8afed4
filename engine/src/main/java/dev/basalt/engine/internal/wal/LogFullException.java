// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

import java.io.IOException;

/** There is no room in the log for an operation, also after waiting; nothing was done. */
public final class LogFullException extends IOException {
  private static final long serialVersionUID = 1L;

  LogFullException(String message) {
    super(message);
  }
}
