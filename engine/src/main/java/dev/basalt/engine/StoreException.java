// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import org.jspecify.annotations.Nullable;

/** An operation on a store failed; the subtypes say how, the message what was found. */
public class StoreException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param message what was found and what to do
   */
  public StoreException(@Nullable String message) {
    super(message);
  }

  /**
   * Creates the exception with its cause.
   *
   * @param message what was found and what to do
   * @param cause what happened below, or null
   */
  public StoreException(@Nullable String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
