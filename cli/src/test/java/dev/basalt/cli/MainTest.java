// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MainTest {
  @TempDir private Path directory;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "nosuch",
        "get",
        "get a b",
        "get --nosuch key",
        "get --store",
        "get --store ram:64MiB --pool lots key",
        "get --store ram:64MiB --pool 1 key",
        "put --store ram:64MiB --durability sometimes key value",
        "put --store ram:64MiB --hex xyz 00",
        "scan --store ram:64MiB --limit -1",
        "scan --store ram:64MiB --limit many",
        "load --store ram:64MiB --format xml -",
        "bench --store ram:64MiB --mix read=1",
        "bench --store ram:64MiB --threads 0",
      })
  void shouldTellWrongUsage(String line) {
    CommandRunner.Outcome outcome =
        CommandRunner.run(line.isEmpty() ? new String[0] : line.split(" "));
    assertEquals(ExitCode.USAGE, outcome.exitCode(), outcome.err());
    assertTrue(outcome.err().startsWith("basalt: "), outcome.err());
    assertFalse(outcome.err().contains("Exception"), outcome.err());
    assertEquals("", outcome.out());
  }

  @Test
  void shouldDescribeExitCodesAndCommands() {
    CommandRunner.Outcome outcome = CommandRunner.run("--help");
    assertEquals(ExitCode.DONE, outcome.exitCode());
    for (String description : ExitCode.DESCRIPTIONS) {
      assertTrue(outcome.out().contains(description.substring(description.indexOf(':') + 1)));
    }
    assertFalse(outcome.out().contains("warm-up"));
  }

  @Test
  void shouldPrintTheEffectiveConfiguration() throws IOException {
    Path file = directory.resolve("config");
    Files.writeString(file, "device = ram:64MiB\npool = 8MiB\nqueue-depth = 32\n");
    CommandRunner.Outcome outcome =
        CommandRunner.run(
            "config", "--config", file.toString(), "--pool", "16MiB", "--durability", "group:5");
    assertEquals(ExitCode.DONE, outcome.exitCode(), outcome.err());
    assertTrue(outcome.out().contains("device = ram:64MiB\n"), outcome.out());
    assertTrue(outcome.out().contains("pool = 16MiB\n"), outcome.out());
    assertTrue(outcome.out().contains("queue-depth = 32\n"), outcome.out());
    assertTrue(outcome.out().contains("durability = group:5\n"), outcome.out());
    Files.writeString(file, outcome.out());
    assertEquals(outcome.out(), CommandRunner.run("config", "--config", file.toString()).out());
  }

  @Test
  void shouldNameTheNearestOption() throws IOException {
    Path file = directory.resolve("config");
    Files.writeString(file, "device = ram:64MiB\npoool = 8MiB\n");
    CommandRunner.Outcome outcome = CommandRunner.run("config", "--config", file.toString());
    assertEquals(ExitCode.USAGE, outcome.exitCode());
    assertTrue(outcome.err().contains("'pool'"), outcome.err());
  }

  @Test
  void shouldTellAMissingConfigurationFile() {
    CommandRunner.Outcome outcome = CommandRunner.run("config", "--config", "/nosuch/file");
    assertEquals(ExitCode.NO_INPUT, outcome.exitCode());
  }

  @Test
  void shouldNotTakeAnErrorForAKeyThatIsNotThere() {
    StringWriter text = new StringWriter();
    FailureHandler failures = new FailureHandler(new PrintWriter(text, true));
    assertEquals(ExitCode.MEMORY, failures.handleError(new OutOfMemoryError("Java heap space")));
    assertTrue(text.toString().contains("BASALT_JAVA_OPTIONS=-Xmx"), text.toString());
    assertFalse(text.toString().contains("\tat "), text.toString());
    assertEquals(ExitCode.INTERNAL, failures.handleError(new StackOverflowError()));
    assertTrue(text.toString().contains("\tat "), text.toString());
  }
}
