// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.iostack.agent.Execution;
import dev.basalt.linux.MappedRegion;
import dev.basalt.linux.NativeMemory;
import dev.basalt.linux.VirtualMemory;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The driver in Java on the NVMe controllers of the guest machine, behind a real IOMMU. */
@Tag("guest")
@Tag("vfio")
class VfioGuestTest {
  private static final long WAIT_NANOS = 30_000_000_000L;

  @BeforeAll
  static void requireGuest() {
    GuestMachine.check();
  }

  @Nested
  class SmallBlocks extends Conformance {
    SmallBlocks() {
      super(GuestMachine.PLAIN, 256 << 20);
    }
  }

  @Nested
  class LargeBlocks extends Conformance {
    LargeBlocks() {
      super(GuestMachine.TWO, 64 << 20);
    }
  }

  @Test
  void shouldWriteWhatTheKernelReadsAndTheReverse() throws IOException {
    try (Commands memory = new Commands()) {
      try (VfioBinding binding = new VfioBinding(GuestMachine.PLAIN)) {
        memory.fill(1);
        memory.run(binding.uri(1), (pair, address) -> pair.tryWrite(1000, 100, address, 1));
      }
      String kernel = "io_uring:" + GuestMachine.blockDevice(GuestMachine.PLAIN, 1);
      memory.fill(0);
      memory.run(kernel, (pair, address) -> pair.tryRead(1000, 100, address, 1));
      memory.verify(1);
      memory.fill(2);
      memory.run(kernel, (pair, address) -> pair.tryWrite(5000, 100, address, 1));
      memory.run(kernel, (pair, address) -> pair.tryFlush(1));
      memory.fill(0);
      try (VfioBinding binding = new VfioBinding(GuestMachine.PLAIN)) {
        memory.run(binding.uri(1), (pair, address) -> pair.tryRead(5000, 100, address, 1));
      }
      memory.verify(2);
    }
  }

  @Test
  void shouldReportErrorsOnExactlyTheCommandsAffected() throws IOException {
    try (VfioBinding binding = new VfioBinding(GuestMachine.ERR);
        Commands commands = new Commands();
        BlockDevice device = Devices.open(binding.uri(1), Execution.threads());
        QueuePair pair = device.openQueuePair(1)) {
      for (long lba : GuestMachine.UNREADABLE) {
        assertFalse(commands.succeeds(pair, pair.tryRead(lba - 7, 8, commands.address(), 1)));
        assertTrue(commands.succeeds(pair, pair.tryRead(lba - 8, 8, commands.address(), 1)));
        assertTrue(commands.succeeds(pair, pair.tryRead(lba + 1, 8, commands.address(), 1)));
      }
      for (long lba : GuestMachine.UNWRITABLE) {
        assertFalse(commands.succeeds(pair, pair.tryWrite(lba - 7, 8, commands.address(), 1)));
        assertTrue(commands.succeeds(pair, pair.tryWrite(lba - 8, 8, commands.address(), 1)));
        assertTrue(commands.succeeds(pair, pair.tryWrite(lba + 1, 8, commands.address(), 1)));
      }
    }
  }

  @Test
  void shouldRefuseWhatCannotBeUsed() throws IOException {
    String unbound = "vfio:" + GuestMachine.pciAddress(GuestMachine.PLAIN);
    assertRefused(unbound, "has nvme, needed: vfio-pci");
    assertRefused("vfio:0000:3f:1f.7", "there is no PCI device");
    try (VfioBinding binding = new VfioBinding(GuestMachine.TWO)) {
      assertRefused(binding.uri(2), "zoned");
      assertRefused(binding.uri(3), "namespaces [1, 2]");
      try (BlockDevice _ = Devices.open(binding.uri(1), Execution.threads())) {
        assertRefused(binding.uri(1), "another process uses the device");
      }
    }
  }

  private static void assertRefused(String uri, String reason) {
    IOException e =
        assertThrows(IOException.class, () -> Devices.open(uri, Execution.threads()).close());
    assertTrue(String.valueOf(e.getMessage()).contains(reason), e.getMessage());
  }

  /** The suite on the first namespace of a controller, which is bound once for all tests. */
  abstract static class Conformance extends BlockDeviceConformance {
    private static @Nullable VfioBinding binding;

    private final String serial;
    private final long sizeBytes;

    Conformance(String serial, long sizeBytes) {
      this.serial = serial;
      this.sizeBytes = sizeBytes;
    }

    @AfterAll
    static void unbind() {
      if (binding != null) {
        binding.close();
        binding = null; // for the next controller
      }
    }

    @Override
    BlockDevice open(Path directory) throws IOException {
      VfioBinding bound = binding == null ? new VfioBinding(serial) : binding;
      binding = bound;
      return Devices.open(bound.uri(1), Execution.threads());
    }

    @Override
    long deviceBytes() {
      return sizeBytes;
    }
  }

  /** What one command is. */
  private interface Command {
    boolean queue(QueuePair pair, long address);
  }

  /** One command at a time with memory of its own. */
  private static final class Commands implements AutoCloseable {
    private static final int BYTES = 100 * 512;

    private final MappedRegion memory;

    Commands() throws IOException {
      memory = VirtualMemory.reserve(BYTES);
    }

    long address() {
      return memory.address();
    }

    void fill(int seed) {
      for (int i = 0; i < BYTES; i += Long.BYTES) {
        NativeMemory.ALL.set(ValueLayout.JAVA_LONG, address() + i, (long) seed << 32 | i);
      }
    }

    void verify(int seed) {
      for (int i = 0; i < BYTES; i += Long.BYTES) {
        assertEquals(
            (long) seed << 32 | i, NativeMemory.ALL.get(ValueLayout.JAVA_LONG, address() + i));
      }
    }

    void run(String uri, Command command) throws IOException {
      try (BlockDevice device = Devices.open(uri, Execution.threads());
          QueuePair pair = device.openQueuePair(1)) {
        assertTrue(succeeds(pair, command.queue(pair, address())));
      }
    }

    boolean succeeds(QueuePair pair, boolean queued) {
      assertTrue(queued);
      int[] found = new int[1];
      pair.submit();
      while (pair.poll((_, status) -> found[0] = status, 1) == 0) {
        pair.sleep(WAIT_NANOS);
      }
      return found[0] == IoStatus.SUCCESS;
    }

    @Override
    public void close() {
      memory.close();
    }
  }
}
