// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli.input;

import java.io.IOException;

/** The input is not in the format it should be in. */
public final class MalformedInputException extends IOException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param lineNumber where, the first line being 1
   * @param problem what was found and what was needed
   */
  public MalformedInputException(long lineNumber, String problem) {
    super("line " + lineNumber + ": " + problem);
  }
}
