// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** Runs the short commands once, so that the build can record what a fast start needs. */
@Command(
    name = "warm-up",
    hidden = true,
    description = "Runs short commands on a store in a temporary directory; used by the build.")
final class WarmUpCommand implements Callable<Integer> {
  private static final byte[] INPUT = "a\t1\nb\t2\n".getBytes(StandardCharsets.UTF_8);

  private static final List<String> COMMANDS =
      List.of(
          "put key value",
          "get key",
          "get --json key",
          "load --format tsv -",
          "scan --prefix a",
          "scan --json --reverse --limit 1",
          "delete key",
          "stat",
          "verify");

  @Override
  public Integer call() throws IOException {
    Path directory = Files.createTempDirectory("basalt-warm-up");
    Path file = directory.resolve("store");
    try {
      int exitCode = runAll("io_uring:" + file);
      if (exitCode != ExitCode.DONE) {
        Files.deleteIfExists(file);
        exitCode = runAll("file:" + file);
      }
      return exitCode;
    } finally {
      Files.deleteIfExists(file);
      Files.deleteIfExists(directory);
    }
  }

  /** Runs the commands as a user would; returns the first exit code that is not 0, or 0. */
  private static int runAll(String store) {
    run("backends");
    for (String command : COMMANDS) {
      int exitCode = run((command + " --store " + store).split(" ", -1));
      if (exitCode != ExitCode.DONE) {
        return exitCode;
      }
    }
    return ExitCode.DONE;
  }

  private static int run(String... arguments) {
    Streams streams =
        new Streams(
            new ByteArrayInputStream(INPUT),
            new Output(OutputStream.nullOutputStream()),
            new PrintWriter(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8),
            false);
    return Main.run(streams, arguments);
  }
}
