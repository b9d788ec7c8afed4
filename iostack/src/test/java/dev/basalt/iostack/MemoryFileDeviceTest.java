// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.basalt.iostack.agent.Execution;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/** The conformance suite on a memory file system. */
@Tag("uring")
class MemoryFileDeviceTest extends BlockDeviceConformance {
  private static final Path MEMORY = Path.of("/dev/shm");

  private Path file = MEMORY;

  @BeforeAll
  static void requireMemoryFileSystem() throws IOException {
    UringAssumption.check();
    boolean isInMemory =
        Files.isWritable(MEMORY) && Files.getFileStore(MEMORY).type().equals("tmpfs");
    assumeTrue(isInMemory, MEMORY + " is no memory file system");
  }

  @Override
  BlockDevice open(Path directory) throws IOException {
    file = Files.createTempFile(MEMORY, "basalt-test", ".data");
    BlockDevice device = Devices.open("io_uring:" + file + "?size=16MiB", Execution.threads());
    assertTrue(device.capabilities().description().contains("no ring"));
    return device;
  }

  @AfterEach
  void delete() throws IOException {
    if (!file.equals(MEMORY)) {
      Files.deleteIfExists(file);
    }
  }
}
