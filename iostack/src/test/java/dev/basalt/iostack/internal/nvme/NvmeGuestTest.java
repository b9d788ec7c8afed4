// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.iostack.GuestMachine;
import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.QueuePair;
import dev.basalt.iostack.VfioBinding;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.linux.MappedRegion;
import dev.basalt.linux.VfioDevice;
import dev.basalt.linux.VirtualMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Load on the driver, on controllers of the guest machine: what it maps, and what it transfers. */
@Tag("guest")
@Tag("vfio")
class NvmeGuestTest {
  private static final long SEED = 20_261_126;
  private static final int BLOCK_COUNT = 64 << 10;
  private static final long WAIT_NANOS = 1_000_000_000;

  @BeforeAll
  static void requireGuest() {
    GuestMachine.check();
  }

  /** Transfers of up to twice what this controller takes at once. */
  @Test
  void shouldHoldWhatWasWrittenUnderMixedCommands() throws IOException {
    runMixed(GuestMachine.PLAIN, BLOCK_COUNT, 100_000);
  }

  @Test
  void shouldHoldWhatWasWrittenInLargeBlocks() throws IOException {
    runMixed(GuestMachine.TWO, BLOCK_COUNT / 8, 5_000);
  }

  @Test
  void shouldCatchMemoryThatIsNotMappedBeforeTheDoorbell() throws IOException {
    try (VfioBinding binding = new VfioBinding(GuestMachine.PLAIN);
        NvmeNamespaceDevice device = open(new CountingBus(bus(binding)), binding);
        NvmeQueuePair pair = device.openPinned(4);
        NvmeQueuePair other = device.openPinned(4);
        MappedRegion unmapped = VirtualMemory.reserve(4096)) {
      long address = pair.data().address();
      long end = address + pair.data().sizeBytes();
      long[] outside = {
        unmapped.address(), other.data().address(), pair.data().iova(address), address - 512, end,
      };
      for (long wrong : outside) {
        assertThrows(IllegalArgumentException.class, () -> pair.tryRead(0, 1, wrong, 1));
        assertThrows(IllegalArgumentException.class, () -> pair.tryWrite(0, 1, wrong, 1));
      }
      assertThrows(IllegalArgumentException.class, () -> pair.tryRead(0, 2, end - 512, 1));
      pair.submit();
      assertEquals(0, pair.inFlight());
      assertTrue(pair.tryRead(0, 1, end - 512, 2));
      assertEquals(2, awaitOne(pair), "the first completion is that of the first good command");
    }
  }

  private static long awaitOne(QueuePair pair) {
    long[] tag = new long[1];
    pair.submit();
    while (pair.poll(
            (ended, status) -> {
              assertEquals(IoStatus.SUCCESS, status);
              tag[0] = ended;
            },
            4)
        == 0) {
      pair.sleep(WAIT_NANOS);
    }
    assertEquals(0, pair.inFlight());
    return tag[0];
  }

  /** At all depths, from 1 to the most that the controller grants. */
  private static void runMixed(String serial, int blockCount, int commandCount) throws IOException {
    try (VfioBinding binding = new VfioBinding(serial)) {
      CountingBus bus = new CountingBus(bus(binding));
      try (NvmeNamespaceDevice device = open(bus, binding)) {
        int depthMax = device.capabilities().queueDepthMax();
        int[] depths = {1, 2, 7, 32, 128, depthMax};
        try (MixedLoad load = new MixedLoad(device, blockCount, depthMax, SEED)) {
          zero(device, blockCount);
          for (int depth : depths) {
            runAt(depth, device, bus, load, commandCount / depths.length + 1);
          }
        }
      }
      assertEquals(bus.mappedCount(), bus.unmappedCount());
    }
  }

  private static void runAt(
      int depth, NvmeNamespaceDevice device, CountingBus bus, MixedLoad load, int commandCount)
      throws IOException {
    try (QueuePair pair = device.openQueuePair(depth)) {
      int mapped = bus.mappedCount();
      int unmapped = bus.unmappedCount();
      long pinnedKib = pinnedKib();
      long stagingKib = (long) depth * device.capabilities().transferBytesMax() / 1024;
      assertTrue(pinnedKib >= stagingKib, pinnedKib + " KiB are pinned, at least: " + stagingKib);
      load.run(pair, commandCount);
      assertEquals(mapped, bus.mappedCount(), "mappings made under load");
      assertEquals(unmapped, bus.unmappedCount(), "mappings ended under load");
      assertEquals(pinnedKib, pinnedKib());
      load.verifyAll(pair);
    }
  }

  private static void zero(NvmeNamespaceDevice device, int blockCount) throws IOException {
    try (QueuePair pair = device.openQueuePair(1)) {
      assertTrue(pair.tryWriteZeroes(0, blockCount, 1));
      awaitOne(pair);
    }
  }

  /**
   * What the kernel counts as pinned for this process: by type1 as locked, by iommufd as pinned.
   */
  private static long pinnedKib() throws IOException {
    long sum = 0;
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmLck:") || line.startsWith("VmPin:")) {
        sum += Long.parseLong(line.replaceAll("\\D", ""));
      }
    }
    return sum;
  }

  private static NvmeBus bus(VfioBinding binding) throws IOException {
    return new VfioBus(VfioDevice.open(binding.address()));
  }

  private static NvmeNamespaceDevice open(NvmeBus bus, VfioBinding binding) throws IOException {
    NvmeController controller =
        NvmeController.open(bus, NvmeConfig.defaults(), Execution.threads());
    return NvmeNamespaceDevice.open(controller, 1, binding.address());
  }
}
