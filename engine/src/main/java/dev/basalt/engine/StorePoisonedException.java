// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import org.jspecify.annotations.Nullable;

/**
 * The store failed before, so that memory and device may differ; every call fails with the first
 * cause until it is opened again.
 */
public final class StorePoisonedException extends StoreException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param message what was found and what to do
   */
  public StorePoisonedException(String message) {
    super(message);
  }

  /**
   * Creates the exception with its cause.
   *
   * @param message what was found and what to do
   * @param cause what happened below, or null
   */
  public StorePoisonedException(@Nullable String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
