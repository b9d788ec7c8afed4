// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * A block device over a file, made by losetup(8). It is held open and marked to go with its last
 * user, so that it does not stay behind a process that was killed.
 */
final class LoopDevice implements AutoCloseable {
  private static final Path CONTROL = Path.of("/dev/loop-control");

  private final Path path;
  private final FileChannel user;

  private LoopDevice(Path path, FileChannel user) {
    this.path = path;
    this.user = user;
  }

  /** Skips tests where no loop device can be made, printing the reason. */
  static void check() {
    assumeTrue(Files.exists(CONTROL), "there is no " + CONTROL + ": 'modprobe loop' as root");
    assumeTrue(Files.isWritable(CONTROL), "only root may make loop devices");
    try {
      run(List.of("losetup", "--version"));
    } catch (IOException e) {
      assumeTrue(false, "losetup is needed (Debian: apt-get install mount): " + e.getMessage());
    }
  }

  /** Attaches a file, past the page cache where its file system and the sector size allow. */
  static LoopDevice attach(Path file, int sectorBytes) throws IOException {
    List<String> command =
        List.of(
            "losetup",
            "--find",
            "--show",
            "--sector-size",
            Integer.toString(sectorBytes),
            file.toString());
    List<String> direct = new ArrayList<>(command);
    direct.add(1, "--direct-io=on");
    Path path;
    try {
      path = Path.of(run(direct));
    } catch (IOException _) { // This file system has no direct I/O, or in larger blocks only.
      path = Path.of(run(command));
    }
    try {
      FileChannel user = FileChannel.open(path, StandardOpenOption.READ);
      return new LoopDevice(path, user);
    } finally {
      run(List.of("losetup", "--detach", path.toString())); // when nobody has it open any more
    }
  }

  Path path() {
    return path;
  }

  /** Takes over the size that its file has now. */
  void resize() throws IOException {
    run(List.of("losetup", "--set-capacity", path.toString()));
  }

  @Override
  public void close() throws IOException {
    user.close();
  }

  private static String run(List<String> command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    try {
      if (process.waitFor() != 0) {
        throw new IOException(String.join(" ", command) + ": " + output);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
    return output;
  }
}
