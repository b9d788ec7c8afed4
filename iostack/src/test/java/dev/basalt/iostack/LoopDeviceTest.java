// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.basalt.iostack.agent.Execution;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.CsvSource;

/** The io_uring back end on block devices: over a file on a disk and over one in memory. */
@Tag("uring")
@Tag("loop")
@ParameterizedClass(name = "{0}, sectors of {1} bytes")
@CsvSource({"disk, 512", "disk, 4096", "memory, 512", "memory, 4096"})
class LoopDeviceTest extends BlockDeviceConformance {
  private static final Path MEMORY = Path.of("/dev/shm");

  @Parameter(0)
  private String where = "";

  @Parameter(1)
  private int sectorBytes;

  private Path file = Path.of("");
  private @Nullable LoopDevice loop;

  @BeforeAll
  static void requireLoop() {
    UringAssumption.check();
    LoopDevice.check();
  }

  @Override
  BlockDevice open(Path directory) throws IOException {
    boolean isDisk = where.equals("disk");
    assumeTrue(isDisk || Files.isWritable(MEMORY), "there is no " + MEMORY);
    file = Files.createTempFile(isDisk ? directory : MEMORY, "basalt-loop", "");
    try (RandomAccessFile content = new RandomAccessFile(file.toFile(), "rw")) {
      content.setLength(DEVICE_BYTES);
    }
    LoopDevice attached = LoopDevice.attach(file, sectorBytes);
    loop = attached;
    return Devices.open("io_uring:" + attached.path(), Execution.threads());
  }

  @AfterEach
  void detach() throws IOException {
    if (loop != null) {
      loop.close();
    }
    Files.deleteIfExists(file);
  }

  @Test
  void shouldTakeTheGeometryOfTheDevice() throws IOException {
    Path other = Files.createTempFile(directory, "other", "");
    try (RandomAccessFile content = new RandomAccessFile(other.toFile(), "rw")) {
      content.setLength(DEVICE_BYTES);
    }
    try (LoopDevice second = LoopDevice.attach(other, sectorBytes);
        BlockDevice device =
            Devices.open("io_uring:" + second.path() + "?create=true", Execution.threads())) {
      Capabilities capabilities = device.capabilities();
      assertEquals(sectorBytes, capabilities.blockBytes());
      assertEquals(sectorBytes, capabilities.atomicWriteBytes());
      assertFalse(capabilities.growable());
      assertTrue(capabilities.description().contains(second.path().toString()));
    }
  }
}
