// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index.internal;

/**
 * A change does not fit the page it is made on: a broken invariant in a live change, a damaged log
 * or page in redo.
 */
public final class ImpossibleChangeException extends IllegalStateException {
  private static final long serialVersionUID = 1;

  ImpossibleChangeException(String message) {
    super(message);
  }
}
