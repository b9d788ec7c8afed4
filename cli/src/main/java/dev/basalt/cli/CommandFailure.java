// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

/** Ends a command with an exit code and a message for the user, without a stack trace. */
final class CommandFailure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int exitCode;

  /**
   * Creates the failure.
   *
   * @param exitCode one of {@link ExitCode}
   * @param message what was found and what to do
   */
  CommandFailure(int exitCode, String message) {
    super(message, null, false, false);
    this.exitCode = exitCode;
  }

  int exitCode() {
    return exitCode;
  }
}
