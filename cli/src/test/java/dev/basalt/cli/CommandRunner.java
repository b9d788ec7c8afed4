// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;

/** Runs the command inside the test's process. */
final class CommandRunner {
  private CommandRunner() {}

  /**
   * What a command did.
   *
   * @param exitCode one of {@link ExitCode}
   * @param out what it printed
   * @param err its messages
   */
  record Outcome(int exitCode, String out, String err) {}

  static Outcome run(String... arguments) {
    return runWithInput("", arguments);
  }

  static Outcome runWithInput(String input, String... arguments) {
    return run(input, false, arguments);
  }

  /** Runs a command whose messages go to a person, who answers. */
  static Outcome runOnTerminal(String input, String... arguments) {
    return run(input, true, arguments);
  }

  private static Outcome run(String input, boolean isTerminal, String... arguments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    StringWriter err = new StringWriter();
    Streams streams =
        new Streams(
            new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
            new Output(out),
            new PrintWriter(err, true),
            isTerminal);
    int exitCode = Main.run(streams, arguments);
    return new Outcome(exitCode, out.toString(StandardCharsets.UTF_8), err.toString());
  }
}
