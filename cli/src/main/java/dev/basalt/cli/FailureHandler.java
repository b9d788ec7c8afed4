// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import dev.basalt.engine.StoreBusyException;
import dev.basalt.engine.StoreDamagedException;
import dev.basalt.engine.StoreException;
import dev.basalt.engine.StoreFormatException;
import dev.basalt.engine.StoreFullException;
import dev.basalt.linux.binding.BindRefusedException;
import dev.basalt.linux.binding.UnconfirmedException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** Turns what a command throws into a message of one or a few lines and an exit code. */
final class FailureHandler implements IExecutionExceptionHandler, IParameterExceptionHandler {
  private static final String TRACE_VARIABLE = "BASALT_TRACE";
  private static final int CAUSES_MAX = 8;

  private final PrintWriter err;

  FailureHandler(PrintWriter err) {
    this.err = err;
  }

  @Override
  public int handleParseException(ParameterException failure, String[] args) {
    CommandLine command = failure.getCommandLine();
    err.println("basalt: " + failure.getMessage());
    UnmatchedArgumentException.printSuggestions(failure, err);
    err.println("Try '" + command.getCommandSpec().qualifiedName() + " --help'.");
    return ExitCode.USAGE;
  }

  @Override
  public int handleExecutionException(
      Exception failure, CommandLine command, @Nullable ParseResult result) {
    if (failure instanceof Output.Failed output && output.isReaderGone()) {
      return ExitCode.DONE;
    }
    int exitCode = exitCode(failure);
    if (exitCode == ExitCode.INTERNAL) {
      return reportDefect(failure);
    }
    err.println("basalt: " + message(failure));
    if (System.getenv(TRACE_VARIABLE) != null) {
      failure.printStackTrace(err);
    }
    return exitCode;
  }

  /** Tells what only the JVM or a defect throws. */
  int handleError(Error failure) {
    if (failure instanceof OutOfMemoryError) {
      err.println(
          "basalt: not enough memory: "
              + failure.getMessage()
              + "; allow more, as with BASALT_JAVA_OPTIONS=-Xmx8g");
      return ExitCode.MEMORY;
    }
    return reportDefect(failure);
  }

  private int reportDefect(Throwable failure) {
    err.println("basalt: internal error; please report it with what follows");
    failure.printStackTrace(err);
    return ExitCode.INTERNAL;
  }

  private static int exitCode(Exception failure) {
    return switch (failure) {
      case CommandFailure f -> f.exitCode();
      case StoreBusyException _ -> ExitCode.BUSY;
      case StoreFormatException _ -> ExitCode.DATA;
      case StoreDamagedException _ -> ExitCode.DATA;
      case StoreFullException _ -> ExitCode.FULL;
      case StoreException _ -> ExitCode.IO;
      case BindRefusedException f -> exitCode(f);
      case UnconfirmedException _ -> ExitCode.USAGE;
      case Output.Failed _ -> ExitCode.IO;
      case UncheckedIOException _ -> ExitCode.IO;
      case IOException _ -> ExitCode.IO;
      case IllegalArgumentException _ -> ExitCode.USAGE;
      default -> ExitCode.INTERNAL;
    };
  }

  private static int exitCode(BindRefusedException failure) {
    if (failure.isForUse()) {
      return ExitCode.BUSY;
    }
    return failure.isForRights() ? ExitCode.PERMISSION : ExitCode.UNAVAILABLE;
  }

  /** Joins the messages of a failure and its causes, leaving out what was said already. */
  static String message(Exception failure) {
    StringBuilder text = new StringBuilder(String.valueOf(failure.getMessage()));
    Throwable cause = failure.getCause();
    for (int i = 0; cause != null && i < CAUSES_MAX; i++, cause = cause.getCause()) {
      String message = cause.getMessage();
      if (message != null && text.indexOf(message) < 0) {
        text.append(": ").append(message);
      }
    }
    return text.toString();
  }
}
