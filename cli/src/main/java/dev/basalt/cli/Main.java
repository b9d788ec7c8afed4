// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/** The {@code basalt} command. */
public final class Main {
  private Main() {}

  /**
   * Runs a command and ends the process with its exit code.
   *
   * @param arguments the words of the command line
   */
  public static void main(String[] arguments) {
    Streams streams =
        new Streams(
            new FileInputStream(FileDescriptor.in),
            new Output(new FileOutputStream(FileDescriptor.out)),
            new PrintWriter(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8),
            isTerminal("/proc/self/fd/2"));
    System.exit(run(streams, arguments));
  }

  /**
   * Runs a command.
   *
   * @param streams what it reads and writes; flushed at the end
   * @param arguments the words of the command line
   * @return one of {@link ExitCode}
   */
  static int run(Streams streams, String... arguments) {
    FailureHandler failures = new FailureHandler(streams.err());
    CommandLine command =
        new CommandLine(new BasaltCommand(streams))
            .setExecutionExceptionHandler(failures)
            .setParameterExceptionHandler(failures)
            .setOut(new PrintWriter(new OutputWriter(streams.out()), true))
            .setErr(streams.err())
            .setCaseInsensitiveEnumValuesAllowed(true);
    describe(command);
    int exitCode = 0;
    try {
      exitCode = command.execute(arguments);
      streams.out().flush();
      return exitCode;
    } catch (Output.Failed e) {
      return e.isReaderGone()
          ? exitCode
          : failures.handleExecutionException(e, command, command.getParseResult());
    } catch (Error e) { // Left to the JVM it would exit as for a key that is not there.
      return failures.handleError(e);
    }
  }

  private static void describe(CommandLine command) {
    CommandSpec spec = command.getCommandSpec();
    spec.usageMessage().exitCodeList(UsageMessageSpec.keyValuesMap(ExitCode.DESCRIPTIONS));
    command.setUsageHelpWidth(100);
  }

  /** Tells whether a descriptor is a terminal; false where there is no {@code /proc}. */
  private static boolean isTerminal(String descriptor) {
    try {
      String target = Files.readSymbolicLink(Path.of(descriptor)).toString();
      return target.startsWith("/dev/pts/")
          || target.startsWith("/dev/tty")
          || target.equals("/dev/console");
    } catch (IOException | UnsupportedOperationException _) {
      return false;
    }
  }
}
