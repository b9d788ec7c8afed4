// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import org.jspecify.annotations.Nullable;

/** Another process has the store open. */
public final class StoreBusyException extends StoreException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param message what was found and what to do
   */
  public StoreBusyException(String message) {
    super(message);
  }

  /**
   * Creates the exception with its cause.
   *
   * @param message what was found and what to do
   * @param cause what happened below, or null
   */
  public StoreBusyException(@Nullable String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
