// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import org.jspecify.annotations.Nullable;

/**
 * There is no space for the change: the device or file system is full, or the log stays full.
 * Nothing was changed and nothing is lost.
 */
public final class StoreFullException extends StoreException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param message what was found and what to do
   */
  public StoreFullException(String message) {
    super(message);
  }

  /**
   * Creates the exception with its cause.
   *
   * @param message what was found and what to do
   * @param cause what happened below, or null
   */
  public StoreFullException(@Nullable String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
