// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import org.jspecify.annotations.Nullable;

/**
 * Data on the device is not what was written there: a checksum, a page id or the log does not
 * agree. Never repaired silently.
 */
public final class StoreDamagedException extends StoreException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param message what was found and what to do
   */
  public StoreDamagedException(String message) {
    super(message);
  }

  /**
   * Creates the exception with its cause.
   *
   * @param message what was found and what to do
   * @param cause what happened below, or null
   */
  public StoreDamagedException(@Nullable String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
