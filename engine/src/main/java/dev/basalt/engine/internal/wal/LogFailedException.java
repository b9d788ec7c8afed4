// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A log write or flush has failed, or the log was closed: what was not durable by then may be lost,
 * and nothing becomes durable any more. All later calls fail with the same cause.
 */
public final class LogFailedException extends IOException {
  private static final long serialVersionUID = 1L;

  LogFailedException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
