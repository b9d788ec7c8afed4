// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands on a store in a file, run inside the test's process. */
class CommandIT {
  @TempDir private Path directory;
  private Path config = Path.of("");

  @BeforeEach
  void writeConfig() throws IOException {
    config = directory.resolve("config");
    Files.writeString(
        config,
        "device = file:"
            + directory.resolve("store")
            + "\npool = 4MiB\nlog-size = 4MiB\nmax-size = 256MiB\n");
  }

  @Test
  void shouldKeepWhatWasPut() {
    done("", "put", "key", "größe");
    assertEquals("größe\n", done("", "get", "key"));
    assertEquals("{\"key\":\"key\",\"value\":\"größe\"}\n", done("", "get", "--json", "key"));
    assertEquals("6772c3b6c39f65\n", done("", "get", "--hex", "6b6579"));
    done("", "delete", "key");
    assertEquals(ExitCode.NOT_FOUND, run("", "get", "key").exitCode());
    assertEquals(ExitCode.NOT_FOUND, run("", "delete", "key").exitCode());
  }

  @Test
  void shouldNameTheTablesThereAre() {
    done("", "put", "--table", "cities", "oslo", "709037");
    CommandRunner.Outcome outcome = run("", "get", "--table", "city", "oslo");
    assertEquals(ExitCode.NOT_FOUND, outcome.exitCode());
    assertTrue(outcome.err().contains("cities"), outcome.err());
  }

  @Test
  void shouldScanWhatWasAskedFor() {
    StringBuilder input = new StringBuilder();
    for (int i = 0; i < 1000; i++) {
      input.append(String.format("k%03d\t%d%n", i, i));
    }
    done(input.toString(), "load", "--format", "tsv", "-");
    assertEquals("1000\n", done("", "scan", "--count"));
    assertEquals("{\"count\":100}\n", done("", "scan", "--count", "--json", "--prefix", "k1"));
    assertEquals("k004\nk005\n", done("", "scan", "--keys-only", "--from", "k004", "--to", "k006"));
    assertEquals(
        "k199\t199\nk198\t198\n", done("", "scan", "--prefix", "k1", "--reverse", "--limit", "2"));
    assertEquals("10\n", done("", "scan", "--prefix", "k1", "--from", "k190", "--count"));
    assertEquals("0\n", done("", "scan", "--from", "k5", "--to", "k4", "--count"));
    assertEquals("", done("", "scan", "--limit", "0"));
  }

  @Test
  void shouldLoadTheRestOfInputThatStopsToAscend() {
    StringBuilder input = new StringBuilder();
    for (int i = 0; i < 3000; i++) {
      input.append(String.format("k%04d\t%d%n", i, i));
    }
    input.append("k2999\tlater\n"); // a duplicate, then out of order
    input.append("k0000\tlast\n").append("a\tz\n").append("z\ta\n");
    done(input.toString(), "load", "--format", "tsv", "-");
    assertEquals("3002\n", done("", "scan", "--count"));
    assertEquals("later\n", done("", "get", "k2999"));
    assertEquals("last\n", done("", "get", "k0000"));
    assertEquals("1500\n", done("", "get", "k1500"));
    done("b\t1\nc\t2\n", "load", "--format", "tsv", "-"); // the table is not empty any more
    assertEquals("3004\n", done("", "scan", "--count"));
    done("", "verify");
  }

  @Test
  void shouldReadItsOwnJsonBack() {
    done("00ff0a09\t\nff\t00\n", "load", "--format", "tsv", "--hex", "-");
    done("a,\"1\n2\"\n", "load", "--format", "csv", "-");
    String dump = done("", "scan", "--json");
    assertEquals(3, dump.lines().count());
    done(dump, "load", "--format", "jsonl", "--table", "copy", "-");
    assertEquals(dump, done("", "scan", "--json", "--table", "copy"));
    assertEquals(done("", "scan", "--hex"), done("", "scan", "--hex", "--table", "copy"));
  }

  @Test
  void shouldLoadSortedInput() {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 20_000; i++) {
      lines.add(String.format("%06d\tvalue %d", i, i));
    }
    String input = String.join("\n", lines);
    done(input, "load", "--format", "tsv", "--sorted", "-");
    assertEquals("20000\n", done("", "scan", "--count"));
    assertEquals("value 12345\n", done("", "get", "012345"));
    CommandRunner.Outcome again = run(input, "load", "--format", "tsv", "--sorted", "-");
    assertEquals(ExitCode.DATA, again.exitCode(), again.err());
    assertEquals("basalt: table 'default' is not empty\n", again.err());
    CommandRunner.Outcome unsorted =
        run("b\t1\na\t2\n", "load", "--format", "tsv", "--sorted", "--table", "other", "-");
    assertEquals(ExitCode.DATA, unsorted.exitCode(), unsorted.err());
  }

  @Test
  void shouldSayWhatWasLoadedBeforeARecordThatIsTooLong() {
    String input = "b\t1\na\t2\n" + "k".repeat(1001) + "\t3\n";
    CommandRunner.Outcome outcome = run(input, "load", "--format", "tsv", "-");
    assertEquals(ExitCode.DATA, outcome.exitCode());
    assertTrue(outcome.err().contains("near line 3: key length is 1001"), outcome.err());
    assertTrue(outcome.err().contains("(1 records loaded)"), outcome.err());
    assertEquals("1\n", done("", "scan", "--count"));
  }

  @Test
  void shouldSayWhichLineIsMalformedAndKeepTheOnesBefore() {
    CommandRunner.Outcome outcome = run("a\t1\nb\t2\nc\n", "load", "--format", "tsv", "-");
    assertEquals(ExitCode.DATA, outcome.exitCode());
    assertTrue(outcome.err().contains("line 3"), outcome.err());
    assertTrue(outcome.err().contains("2 records loaded"), outcome.err());
    assertEquals("2\n", done("", "scan", "--count"));
  }

  @Test
  void shouldTellATooLongKey() {
    CommandRunner.Outcome outcome = run("", "put", "k".repeat(1001), "value");
    assertEquals(ExitCode.USAGE, outcome.exitCode(), outcome.err());
    assertTrue(outcome.err().contains("1000"), outcome.err());
    assertEquals(0, run("", "put", "k".repeat(1000), "value").exitCode());
  }

  @Test
  void shouldPrintStatisticsAndVerify() {
    done("", "put", "key", "value");
    assertTrue(done("", "stat").contains("default"));
    assertTrue(done("", "stat", "--json").contains("\"tables\":[\"default\"]"));
    assertEquals(1, done("", "stat", "--contention").lines().count(), "more than a headline");
    assertEquals("[]\n", done("", "stat", "--contention", "--json"));
    assertTrue(done("", "verify").endsWith("whole\n"));
    assertTrue(done("", "verify", "--json").contains("\"whole\":true"));
  }

  @Test
  void shouldMeasureAMixedWorkload() {
    String[] options = {
      "bench",
      "--records",
      "2000",
      "--seconds",
      "1",
      "--threads",
      "2",
      "--durability",
      "none",
      "--mix",
      "read=50,update=30,insert=10,scan=10"
    };
    assertTrue(done("", options).contains("scan"));
    assertTrue(done("", withJson(options)).contains("\"p50Nanos\":"));
    assertTrue(done("", "verify").endsWith("whole\n"));
  }

  @Test
  void shouldRefuseToReadAStoreThatIsNotThere() {
    CommandRunner.Outcome outcome = run("", "get", "key");
    assertEquals(ExitCode.NO_INPUT, outcome.exitCode(), outcome.err());
    assertFalse(Files.exists(directory.resolve("store")));
  }

  private static String[] withJson(String[] options) {
    List<String> all = new ArrayList<>(List.of(options));
    all.add("--json");
    return all.toArray(String[]::new);
  }

  /** Runs a command that must succeed; returns what it printed. */
  private String done(String input, String... arguments) {
    CommandRunner.Outcome outcome = run(input, arguments);
    assertEquals(ExitCode.DONE, outcome.exitCode(), outcome.err());
    assertEquals("", outcome.err());
    return outcome.out();
  }

  private CommandRunner.Outcome run(String input, String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(1, List.of("--config", config.toString()));
    CommandRunner.Outcome outcome = CommandRunner.runWithInput(input, all.toArray(String[]::new));
    assertFalse(outcome.err().contains("\tat "), outcome.err());
    return outcome;
  }
}
