// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MemoryLimitIT {
  private static final String NAME = "basalt-bench-test-" + ProcessHandle.current().pid();

  @Test
  void shouldRunACommandInTheGroupAndRemoveIt() throws IOException, InterruptedException {
    try (MemoryLimit limit = createOrSkip()) {
      limit.set(64L << 20);
      assertTrue(run(limit, "cat", "/proc/self/cgroup").contains("/" + NAME + "\n"));
      assertEquals("one  two\n", run(limit, "echo", "one  two"));
    }
    createOrSkip().close(); // nothing is left of the first
  }

  private static MemoryLimit createOrSkip() {
    try {
      return MemoryLimit.create(NAME);
    } catch (IOException e) {
      return abort("no memory limits here: " + e);
    }
  }

  private static String run(MemoryLimit limit, String... words)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(limit.prefix());
    command.addAll(List.of(words));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
    return output;
  }
}
