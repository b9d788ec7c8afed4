// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A store on a namespace that this process drives, and the same store through the kernel. */
@Tag("guest")
@Tag("vfio")
class StoreGuestTest {
  /** Back ends over the kernel's driver; the names of both nodes end as that of the disk. */
  private static final List<String> KERNEL_URIS =
      List.of("io_uring:/dev/nvme", "nvme-uring:/dev/ng");

  private static final int WRITES_MIN = 300;

  /** As for the crash tests outside: log and pool are small, so that all is going on. */
  private static final String CONFIG =
      """
      log-size = 4MiB
      pool = 4MiB
      durability = sync
      """;

  @TempDir private Path directory;

  private GuestController controller;
  private @Nullable Process writer;

  @BeforeAll
  static void requireGuest() {
    GuestController.check();
  }

  @BeforeEach
  void bind() throws IOException {
    Files.writeString(directory.resolve("config"), CONFIG);
    controller = GuestController.of("BASALT-PLAIN");
    controller.clear();
    assertDone("device", "bind", controller.address());
  }

  @AfterEach
  void unbind() throws IOException, InterruptedException {
    if (writer != null) {
      writer.destroyForcibly().waitFor();
    }
    assertDone("device", "unbind", controller.address());
    controller.clear();
  }

  @Test
  void shouldLoseNothingWhenKilledAndOpenThroughAnyBackEnd()
      throws IOException, InterruptedException {
    String store = "vfio:" + controller.address() + "/1";
    Process started = start(crashTest(store, "--seconds", "600"));
    writer = started;
    GuestController.await("acknowledged writes", () -> acknowledged().size() >= WRITES_MIN);

    CommandRunner.Outcome refused = CommandRunner.run("device", "unbind", controller.address());
    assertEquals(ExitCode.BUSY, refused.exitCode(), refused.err());
    assertTrue(refused.err().contains("is open by process " + started.pid()), refused.err());

    assertNotEquals(0, started.destroyForcibly().waitFor());
    assertDone("device", "unbind", controller.address());
    CommandRunner.Outcome asked = CommandRunner.run("device", "bind", controller.namespace());
    assertEquals(ExitCode.USAGE, asked.exitCode(), asked.err());
    assertTrue(asked.err().contains("holds a Basalt store"), asked.err());
    assertDone("device", "bind", "--serial", controller.serial(), controller.namespace());

    assertHoldsAcknowledged(store);
    assertDone("device", "unbind", controller.address());
    String suffix = controller.namespace().substring("nvme".length());
    for (String uri : KERNEL_URIS) {
      assertHoldsAcknowledged(uri + suffix);
    }
  }

  /** Recovers, compares all values with what was acknowledged, verifies the structure. */
  private void assertHoldsAcknowledged(String store) {
    String[] arguments = crashTest(store).toArray(String[]::new);
    CommandRunner.Outcome outcome = CommandRunner.run(arguments);
    assertEquals(ExitCode.DONE, outcome.exitCode(), store + ": " + outcome.err());
    assertEquals(
        "all %,d acknowledged writes are there; verified\n".formatted(acknowledged().size()),
        outcome.out());
  }

  private List<String> crashTest(String store, String... options) {
    List<String> arguments = new ArrayList<>();
    arguments.addAll(List.of("crash-test", "--store", store));
    arguments.addAll(List.of("--config", directory.resolve("config").toString()));
    arguments.addAll(List.of("--acknowledged", directory.resolve("acknowledged").toString()));
    arguments.addAll(List.of(options));
    return arguments;
  }

  /** Returns the lines of the log of acknowledged writes, one for each. */
  private List<String> acknowledged() {
    try {
      Path log = directory.resolve("acknowledged");
      return Files.exists(log) ? Files.readAllLines(log) : List.of();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Starts the command in a JVM as this one. */
  private Process start(List<String> arguments) throws IOException {
    List<String> words = new ArrayList<>();
    Stream.of(Files.readString(Path.of("/proc/self/cmdline"), StandardCharsets.UTF_8).split("\0"))
        .takeWhile(word -> !word.endsWith(".GuestRunner"))
        .forEach(words::add);
    words.add(Main.class.getName());
    words.addAll(arguments);
    return new ProcessBuilder(words)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  private static void assertDone(String... arguments) {
    CommandRunner.Outcome outcome = CommandRunner.run(arguments);
    assertEquals(ExitCode.DONE, outcome.exitCode(), outcome.err());
  }
}
