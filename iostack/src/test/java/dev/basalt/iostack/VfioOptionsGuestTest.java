// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.basalt.iostack.agent.Execution;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The driver in Java, as the options of its URI let it work. */
@Tag("guest")
@Tag("vfio")
class VfioOptionsGuestTest {
  private static VfioBinding binding;

  @BeforeAll
  static void bind() throws IOException {
    GuestMachine.check();
    binding = new VfioBinding(GuestMachine.PLAIN);
  }

  @AfterAll
  static void unbind() {
    if (binding != null) {
      binding.close();
    }
  }

  @Nested
  class Interrupts extends Conformance {
    Interrupts() {
      super("?interrupts=true");
    }
  }

  /** Kernels of some distributions have no iommufd. */
  @Nested
  class IommuFd extends Conformance {
    IommuFd() {
      super("?iommufd=true");
    }

    @BeforeAll
    static void requireIommuFd() {
      assumeTrue(Files.exists(Path.of("/dev/iommu")), "this kernel has no iommufd");
    }
  }

  @Test
  @Timeout(60)
  void shouldBeInterrupted() throws IOException {
    try (BlockDevice device =
            Devices.open(binding.uri(1) + "?interrupts=true", Execution.threads());
        QueuePair pair = device.openQueuePair(1)) {
      for (int i = 1; i <= 10; i++) {
        assertTrue(pair.tryFlush(i));
        pair.submit();
        while (pair.poll((_, status) -> assertEquals(IoStatus.SUCCESS, status), 1) == 0) {
          pair.sleep(1_000_000_000);
        }
        while (interruptCount() < i) { // it comes after the completion
          Thread.onSpinWait();
        }
        assertEquals(i, interruptCount());
      }
    }
  }

  /** Returns how often the first vector of a queue pair has interrupted any processor. */
  private static long interruptCount() throws IOException {
    String name = "vfio-msix[1](" + GuestMachine.pciAddress(GuestMachine.PLAIN) + ")";
    for (String line : Files.readAllLines(Path.of("/proc/interrupts"))) {
      if (line.endsWith(name)) {
        return Stream.of(line.strip().split("\\s+"))
            .skip(1)
            .takeWhile(word -> word.matches("\\d+"))
            .mapToLong(Long::parseLong)
            .sum();
      }
    }
    throw new AssertionError("no interrupt " + name);
  }

  /** The suite on the plain controller. */
  abstract static class Conformance extends BlockDeviceConformance {
    private final String options;

    Conformance(String options) {
      this.options = options;
    }

    @Override
    BlockDevice open(Path directory) throws IOException {
      return Devices.open(binding.uri(1) + options, Execution.threads());
    }

    @Override
    long deviceBytes() {
      return 256 << 20;
    }
  }
}
