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
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The io_uring back end on block devices: over a file on a disk and over one in memory. */
@Tag("uring")
@Tag("loop")
class LoopDeviceTest {
  private static final Path MEMORY = Path.of("/dev/shm");

  @BeforeAll
  static void requireLoop() {
    UringAssumption.check();
    LoopDevice.check();
  }

  @Nested
  class OnDiskSmallSectors extends Conformance {
    OnDiskSmallSectors() {
      super(false, 512);
    }
  }

  @Nested
  class OnDiskLargeSectors extends Conformance {
    OnDiskLargeSectors() {
      super(false, 4096);
    }
  }

  @Nested
  class InMemorySmallSectors extends Conformance {
    InMemorySmallSectors() {
      super(true, 512);
    }
  }

  @Nested
  class InMemoryLargeSectors extends Conformance {
    InMemoryLargeSectors() {
      super(true, 4096);
    }
  }

  @Test
  void shouldTakeTheGeometryOfTheDevice(@TempDir Path directory) throws IOException {
    for (int sectorBytes = 512; sectorBytes <= 4096; sectorBytes *= 2) {
      try (LoopDevice loop = LoopDevice.attach(newFile(directory), sectorBytes);
          BlockDevice device =
              Devices.open("io_uring:" + loop.path() + "?create=true", Execution.threads())) {
        Capabilities capabilities = device.capabilities();
        assertEquals(sectorBytes, capabilities.blockBytes());
        assertEquals(sectorBytes, capabilities.atomicWriteBytes());
        assertFalse(capabilities.growable());
        assertTrue(capabilities.description().contains(loop.path().toString()));
      }
    }
  }

  private static Path newFile(Path directory) throws IOException {
    Path file = Files.createTempFile(directory, "basalt-loop", "");
    try (RandomAccessFile content = new RandomAccessFile(file.toFile(), "rw")) {
      content.setLength(BlockDeviceConformance.DEVICE_BYTES);
    }
    return file;
  }

  /** The suite on a loop device of its own for each test. */
  abstract static class Conformance extends BlockDeviceConformance {
    private final boolean isInMemory;
    private final int sectorBytes;
    private Path file = Path.of("");
    private @Nullable LoopDevice loop;

    Conformance(boolean isInMemory, int sectorBytes) {
      this.isInMemory = isInMemory;
      this.sectorBytes = sectorBytes;
    }

    @Override
    BlockDevice open(Path directory) throws IOException {
      assumeTrue(!isInMemory || Files.isWritable(MEMORY), "there is no " + MEMORY);
      file = newFile(isInMemory ? MEMORY : directory);
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
  }
}
