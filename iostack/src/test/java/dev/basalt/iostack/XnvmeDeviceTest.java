// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.basalt.iostack.BlockDeviceProvider.Availability;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.internal.driver.XnvmeProvider;
import dev.basalt.linux.MappedRegion;
import dev.basalt.linux.VirtualMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The driver over xNVMe on files, with each of its back ends for them. */
@Tag("xnvme")
class XnvmeDeviceTest {
  @BeforeAll
  static void check() {
    Availability availability = new XnvmeProvider().availability();
    assumeTrue(availability.usable(), availability.reason());
  }

  @Nested
  class IoUring extends Conformance {
    IoUring() {
      super("io_uring");
    }
  }

  @Nested
  class LibAio extends Conformance {
    LibAio() {
      super("libaio");
    }
  }

  @Nested
  class Posix extends Conformance {
    Posix() {
      super("posix");
    }
  }

  @Nested
  class ThreadPool extends Conformance {
    ThreadPool() {
      super("thrpool");
    }
  }

  @Nested
  class IoUringOnLoopDevice extends OnLoopDevice {
    IoUringOnLoopDevice() {
      super("io_uring");
    }
  }

  @Nested
  class LibAioOnLoopDevice extends OnLoopDevice {
    LibAioOnLoopDevice() {
      super("libaio");
    }
  }

  @Nested
  class PosixOnLoopDevice extends OnLoopDevice {
    PosixOnLoopDevice() {
      super("posix");
    }
  }

  @Nested
  class ThreadPoolOnLoopDevice extends OnLoopDevice {
    ThreadPoolOnLoopDevice() {
      super("thrpool");
    }
  }

  @Test
  void shouldSayWhatIsWrong(@TempDir Path directory) {
    String missing = "xnvme:" + directory.resolve("missing");
    assertRefused(missing, "does not open " + directory.resolve("missing") + " with be=io_uring");
    assertRefused(missing + "?be=nothing", "with be=nothing");
    assertRefused(missing + "?backend=posix", "option 'backend' is unknown");
    assertRefused(missing + "?create=true", "has 0 blocks of 4096 bytes");
    assertRefused(missing + "?size=1TB", "size is '1TB'");
  }

  /** Two engines on one store would destroy it. */
  @Test
  void shouldKeepOthersOut(@TempDir Path directory) throws IOException {
    UringAssumption.check();
    String file = directory.resolve("data") + "?create=true&size=16MiB";
    try (BlockDevice _ = Devices.open("xnvme:" + file, Execution.threads())) {
      assertRefused("xnvme:" + file, "is open already, here or in another process");
      assertRefused("io_uring:" + file, "is in use by this process");
    }
    try (BlockDevice _ = Devices.open("io_uring:" + file, Execution.threads())) {
      assertRefused("xnvme:" + file, "is open already, here or in another process");
    }
  }

  /** A device that has become smaller: its end is lost, and nothing else. */
  @ParameterizedTest
  @ValueSource(strings = {"io_uring", "libaio", "posix", "thrpool"})
  void shouldFailOnlyWhatIsBeyondTheEnd(String backEnd, @TempDir Path directory)
      throws IOException {
    LoopDevice.check();
    Path image = directory.resolve("image");
    try (FileChannel file = FileChannel.open(image, CREATE, WRITE)) {
      file.write(ByteBuffer.allocate(1), (1 << 20) - 1);
      try (LoopDevice loop = LoopDevice.attach(image, 512);
          BlockDevice device =
              Devices.open("xnvme:" + loop.path() + "?be=" + backEnd, Execution.threads());
          QueuePair pair = device.openQueuePair(1);
          MappedRegion memory = VirtualMemory.reserve(4096)) {
        file.truncate(512 << 10);
        loop.resize();
        assertTrue(pair.tryRead(2047, 1, memory.address(), 1));
        assertNotEquals(IoStatus.SUCCESS, await(pair));
        assertTrue(pair.tryWrite(2047, 1, memory.address(), 1));
        assertNotEquals(IoStatus.SUCCESS, await(pair));
        assertTrue(pair.tryRead(0, 1, memory.address(), 1));
        assertEquals(IoStatus.SUCCESS, await(pair));
      }
    }
  }

  private static int await(QueuePair pair) {
    int[] result = new int[1];
    while (pair.poll((_, status) -> result[0] = status, 1) == 0) {
      pair.sleep(1_000_000);
    }
    return result[0];
  }

  private static void assertRefused(String uri, String reason) {
    IOException e =
        assertThrows(IOException.class, () -> Devices.open(uri, Execution.threads()).close());
    assertTrue(String.valueOf(e.getMessage()).contains(reason), e.getMessage());
  }

  /** The suite with one back end of xNVMe. */
  abstract static class Conformance extends BlockDeviceConformance {
    private final String backEnd;

    Conformance(String backEnd) {
      this.backEnd = backEnd;
    }

    @Override
    BlockDevice open(Path directory) throws IOException {
      String options = "?create=true&size=16MiB&be=" + backEnd;
      return Devices.open("xnvme:" + directory.resolve("data") + options, Execution.threads());
    }
  }

  /** The same on a block device, which keeps what the tests before have written. */
  abstract static class OnLoopDevice extends BlockDeviceConformance {
    @TempDir private static Path images;
    private static LoopDevice loop;
    private final String backEnd;

    OnLoopDevice(String backEnd) {
      this.backEnd = backEnd;
    }

    @BeforeAll
    static void attach() throws IOException {
      LoopDevice.check();
      Path image = images.resolve("image");
      try (FileChannel file = FileChannel.open(image, CREATE, WRITE)) {
        file.write(ByteBuffer.allocate(1), DEVICE_BYTES - 1);
      }
      loop = LoopDevice.attach(image, 512);
    }

    @AfterAll
    static void detach() throws IOException {
      if (loop != null) {
        loop.close();
      }
    }

    @Override
    BlockDevice open(Path directory) throws IOException {
      return Devices.open("xnvme:" + loop.path() + "?be=" + backEnd, Execution.threads());
    }
  }
}
