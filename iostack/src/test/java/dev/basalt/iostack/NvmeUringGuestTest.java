// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.iostack.agent.Execution;
import dev.basalt.linux.FileLockedException;
import dev.basalt.linux.MappedRegion;
import dev.basalt.linux.NativeMemory;
import dev.basalt.linux.VirtualMemory;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * NVMe commands through io_uring on the controllers of the guest machine, with the kernel's driver,
 * which has queues to poll there.
 */
@Tag("guest")
@Tag("uring")
class NvmeUringGuestTest {
  private static final String INTERRUPTS = "?poll=false";
  private static final String POLLED = "?poll=true";

  /** Other tests expect zeroes before it. */
  private static final long SLOW_FIRST = 60_000;

  @BeforeAll
  static void requireGuest() {
    GuestMachine.check();
    UringAssumption.check();
  }

  @Nested
  class SmallBlocks extends Conformance {
    SmallBlocks() {
      super(GuestMachine.PLAIN, 256 << 20, INTERRUPTS);
    }
  }

  @Nested
  class LargeBlocks extends Conformance {
    LargeBlocks() {
      super(GuestMachine.TWO, 64 << 20, INTERRUPTS);
    }
  }

  @Nested
  class SmallBlocksPolled extends Conformance {
    SmallBlocksPolled() {
      super(GuestMachine.PLAIN, 256 << 20, POLLED);
    }
  }

  @Nested
  class LargeBlocksPolled extends Conformance {
    LargeBlocksPolled() {
      super(GuestMachine.TWO, 64 << 20, POLLED);
    }
  }

  /** Without registered buffers for commands. */
  @Nested
  class BeforeLinux61 extends Conformance {
    private static final String PROPERTY = "basalt.io_uring.skipped-setups";

    BeforeLinux61() {
      super(GuestMachine.PLAIN, 256 << 20, INTERRUPTS);
    }

    @BeforeAll
    static void askForLess() {
      System.setProperty(PROPERTY, "2");
    }

    @AfterAll
    static void askForAllAgain() {
      System.clearProperty(PROPERTY);
    }
  }

  @Test
  void shouldTakeTheLimitsOfControllerAndKernel() throws IOException {
    try (BlockDevice device = open(GuestMachine.PLAIN, 1, INTERRUPTS)) {
      Capabilities capabilities = device.capabilities();
      assertEquals(512, capabilities.blockBytes());
      assertEquals(64 << 10, capabilities.transferBytesMax());
      assertTrue(capabilities.volatileWriteCache());
      assertTrue(capabilities.pinsMemory());
      assertTrue(capabilities.description().contains(GuestMachine.PLAIN));
      try (QueuePair pair = device.openQueuePair(4)) {
        assertTrue(pair.toString().contains("registered buffers"), pair.toString());
      }
    }
    try (BlockDevice device = open(GuestMachine.TWO, 1, "")) {
      assertEquals(4096, device.capabilities().blockBytes());
      assertEquals(128 << 10, device.capabilities().transferBytesMax());
      assertTrue(device.capabilities().description().contains("polled"), "where it can be");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {INTERRUPTS, POLLED})
  void shouldReportErrorsOnExactlyTheCommandsAffected(String how) throws IOException {
    try (GuestCommands commands = new GuestCommands(1 << 20);
        BlockDevice device = open(GuestMachine.ERR, 1, how);
        QueuePair pair = device.openQueuePair(1)) {
      for (long lba : GuestMachine.UNREADABLE) {
        assertTrue(read(commands, pair, lba - 7, 8) != IoStatus.SUCCESS);
        assertEquals(IoStatus.SUCCESS, read(commands, pair, lba - 8, 8));
        assertEquals(IoStatus.SUCCESS, read(commands, pair, lba + 1, 8));
      }
      for (long lba : GuestMachine.UNWRITABLE) {
        assertTrue(write(commands, pair, lba - 7, 8) != IoStatus.SUCCESS);
        assertEquals(IoStatus.SUCCESS, write(commands, pair, lba - 8, 8));
        assertEquals(IoStatus.SUCCESS, write(commands, pair, lba + 1, 8));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {INTERRUPTS, POLLED})
  void shouldWriteWhatTheDiskReadsAndTheReverse(String how) throws IOException {
    String commands = uri(GuestMachine.PLAIN, 1, how);
    String disk = "io_uring:" + GuestMachine.blockDevice(GuestMachine.PLAIN, 1);
    try (GuestCommands memory = new GuestCommands(100 * 512)) {
      memory.fill(1);
      memory.run(commands, (pair, address) -> pair.tryWrite(1000, 100, address, 1));
      memory.fill(0);
      memory.run(disk, (pair, address) -> pair.tryRead(1000, 100, address, 1));
      memory.verify(1);
      memory.fill(2);
      memory.run(disk, (pair, address) -> pair.tryWrite(5000, 100, address, 1));
      memory.run(disk, (pair, _) -> pair.tryFlush(1));
      memory.fill(0);
      memory.run(commands, (pair, address) -> pair.tryRead(5000, 100, address, 1));
      memory.verify(2);
    }
  }

  /** 50 commands in a second: most of these are still under way when the queue pair is closed. */
  @ParameterizedTest
  @ValueSource(strings = {INTERRUPTS, POLLED})
  void shouldWaitForSlowCommandsWhenClosed(String how) throws IOException {
    int depth = 32;
    try (BlockDevice device = open(GuestMachine.SLOW, 1, how);
        MappedRegion memory = VirtualMemory.reserve(1 << 20)) {
      MemorySegment source = NativeMemory.ALL.asSlice(memory.address(), memory.sizeBytes());
      source.fill((byte) 1);
      QueuePair pair = device.openQueuePair(depth);
      for (int i = 0; i < depth; i++) {
        assertTrue(pair.tryWrite(SLOW_FIRST + i * 1_000L, 1, memory.address() + i * 512L, i));
      }
      pair.submit();
      pair.close();
      try (GuestCommands commands = new GuestCommands(512);
          QueuePair after = device.openQueuePair(1)) {
        for (int i = 0; i < depth; i++) {
          assertEquals(IoStatus.SUCCESS, read(commands, after, SLOW_FIRST + i * 1_000L, 1));
          assertEquals(1, NativeMemory.ALL.get(JAVA_BYTE, commands.address()), "write " + i);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {INTERRUPTS, POLLED})
  void shouldRepeatWhatAResetByTheKernelHasEnded(String how) throws IOException {
    int depth = 100; // two seconds of work
    try (BlockDevice device = open(GuestMachine.SLOW, 1, how);
        MappedRegion memory = VirtualMemory.reserve(1 << 20);
        QueuePair pair = device.openQueuePair(depth)) {
      queueReads(pair, depth, memory.address());
      pair.submit();
      resetController(GuestMachine.pciAddress(GuestMachine.SLOW));
      assertEquals(depth, pollAll(pair));
    }
  }

  /** More than the driver has requests for, so that some wait in the kernel. */
  @ParameterizedTest
  @ValueSource(strings = {INTERRUPTS, POLLED})
  void shouldCompleteTheDeepestQueuesSideBySide(String how) throws IOException {
    try (BlockDevice device = open(GuestMachine.TWO, 1, how);
        MappedRegion memory = VirtualMemory.reserve(1 << 20)) {
      int depth = device.capabilities().queueDepthMax();
      assertTrue(depth >= 1000, "depth " + depth);
      try (QueuePair one = device.openQueuePair(depth);
          QueuePair other = device.openQueuePair(depth)) {
        queueReads(one, depth, memory.address());
        queueReads(other, depth, memory.address());
        one.submit();
        other.submit();
        assertEquals(depth, pollAll(one));
        assertEquals(depth, pollAll(other));
      }
    }
  }

  @Test
  void shouldRefuseWhatCannotBeUsed() throws IOException {
    assertRefused(uri(GuestMachine.TWO, 2, ""), "zoned");
    Path disk = GuestMachine.blockDevice(GuestMachine.PLAIN, 1);
    assertRefused(
        "nvme-uring:" + disk, GuestMachine.genericDevice(GuestMachine.PLAIN, 1).toString());
    assertRefused("nvme-uring:/dev/ng99n1", "there is no /dev/ng99n1");
  }

  @Test
  void shouldKeepOthersFromItsDisk() throws IOException {
    String commands = uri(GuestMachine.PLAIN, 1, "");
    String disk = "io_uring:" + GuestMachine.blockDevice(GuestMachine.PLAIN, 1);
    try (BlockDevice _ = Devices.open(commands, Execution.threads())) {
      assertThrows(FileLockedException.class, () -> Devices.open(commands, Execution.threads()));
      assertRefused(disk, "in use");
    }
    try (BlockDevice _ = Devices.open(disk, Execution.threads())) {
      assertRefused(commands, "EBUSY");
    }
    Devices.open(commands, Execution.threads()).close();
  }

  /** Returns when it is done. */
  private static void resetController(String address) throws IOException {
    Path names = Path.of("/sys/bus/pci/devices", address, "nvme");
    try (DirectoryStream<Path> controllers = Files.newDirectoryStream(names)) {
      for (Path controller : controllers) {
        Files.writeString(controller.resolve("reset_controller"), "1");
      }
    }
  }

  private static int read(GuestCommands commands, QueuePair pair, long lba, int count) {
    return commands.status(pair, (to, address) -> to.tryRead(lba, count, address, 1));
  }

  private static int write(GuestCommands commands, QueuePair pair, long lba, int count) {
    return commands.status(pair, (to, address) -> to.tryWrite(lba, count, address, 1));
  }

  private static void queueReads(QueuePair pair, int count, long address) {
    for (int i = 0; i < count; i++) {
      assertTrue(pair.tryRead(i, 1, address, i));
    }
  }

  private static int pollAll(QueuePair pair) {
    int[] succeeded = new int[1];
    while (pair.inFlight() > 0) {
      int count = pair.poll((_, status) -> succeeded[0] += status == IoStatus.SUCCESS ? 1 : 0, 64);
      if (count == 0) {
        pair.sleep(1_000_000_000);
      }
    }
    return succeeded[0];
  }

  private static String uri(String serial, int namespaceId, String how) throws IOException {
    return "nvme-uring:" + GuestMachine.genericDevice(serial, namespaceId) + how;
  }

  private static BlockDevice open(String serial, int namespaceId, String how) throws IOException {
    return Devices.open(uri(serial, namespaceId, how), Execution.threads());
  }

  private static void assertRefused(String uri, String reason) {
    IOException e =
        assertThrows(IOException.class, () -> Devices.open(uri, Execution.threads()).close());
    assertTrue(String.valueOf(e.getMessage()).contains(reason), e.getMessage());
  }

  /** The suite on the first namespace of a controller. */
  abstract static class Conformance extends BlockDeviceConformance {
    private final String serial;
    private final long sizeBytes;
    private final String how;

    Conformance(String serial, long sizeBytes, String how) {
      this.serial = serial;
      this.sizeBytes = sizeBytes;
      this.how = how;
    }

    @Override
    BlockDevice open(Path directory) throws IOException {
      return NvmeUringGuestTest.open(serial, 1, how);
    }

    @Override
    long deviceBytes() {
      return sizeBytes;
    }
  }
}
