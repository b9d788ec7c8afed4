// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import org.jspecify.annotations.Nullable;

/**
 * The device holds no store this version can open: something foreign, a newer format, or less than
 * the store needs.
 */
public final class StoreFormatException extends StoreException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param message what was found and what to do
   */
  public StoreFormatException(String message) {
    super(message);
  }

  /**
   * Creates the exception with its cause.
   *
   * @param message what was found and what to do
   * @param cause what happened below, or null
   */
  public StoreFormatException(@Nullable String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
