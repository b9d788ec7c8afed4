// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.linux.host.HostFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command's part: output and exit codes. What it says is tested below it. */
class DoctorCommandTest {
  @TempDir private Path root;

  @TempDir private Path place;

  @BeforeEach
  void makeHost() throws IOException {
    System.setProperty(HostFiles.ROOT_PROPERTY, root.toString());
    Path mode = root.resolve("proc/sys/vm/overcommit_memory");
    Files.createDirectories(mode.getParent());
    Files.writeString(mode, "2\n");
  }

  @AfterEach
  void forgetHost() {
    System.clearProperty(HostFiles.ROOT_PROPERTY);
  }

  @Test
  void shouldPrintAPage() {
    CommandRunner.Outcome outcome = CommandRunner.run("doctor", place.toString());
    assertEquals(ExitCode.DONE, outcome.exitCode(), outcome.err());
    String page = outcome.out();
    assertTrue(page.contains("PROBLEM  overcommit        vm.overcommit_memory is 2"), page);
    assertTrue(page.contains("needed: 0 or 1, for state words"), page);
    assertTrue(page.contains("do:     sysctl -w vm.overcommit_memory=0\n"), page);
    assertTrue(page.contains("best for " + place + "/: "), page);
    assertTrue(page.contains(":" + place + "/store ("), page);
    assertTrue(page.lines().count() < 60, page);
  }

  @Test
  void shouldPrintJson() {
    String json = CommandRunner.run("doctor", "--json", place.toString()).out();
    assertTrue(json.startsWith("{\"target\":\"" + place + "/\",\"findings\":[{"), json);
    assertTrue(json.contains("{\"name\":\"overcommit\",\"severity\":\"problem\""), json);
    assertTrue(json.contains("\"best\":{\"uri\":\""), json);
  }

  @Test
  void shouldEndWithAnErrorWhereNothingCanBeUsed() {
    CommandRunner.Outcome outcome = CommandRunner.run("doctor", "/no/such/place/store");
    assertEquals(ExitCode.UNAVAILABLE, outcome.exitCode());
    assertTrue(outcome.out().contains(": none (nothing can be written there: ENOENT)"));
    assertEquals(ExitCode.NO_INPUT, CommandRunner.run("doctor", "/dev/nvme99n1").exitCode());
    assertEquals(ExitCode.NO_INPUT, CommandRunner.run("doctor", "ffff:ff:1f.7").exitCode());
  }
}
