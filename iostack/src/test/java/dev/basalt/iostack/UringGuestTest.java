// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.iostack.agent.Execution;
import dev.basalt.linux.MappedRegion;
import dev.basalt.linux.NativeMemory;
import dev.basalt.linux.VirtualMemory;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The io_uring back end on the NVMe controllers of the guest machine, with the kernel's driver. */
@Tag("guest")
@Tag("uring")
class UringGuestTest {
  private static final long WAIT_NANOS = 30_000_000_000L;

  @BeforeAll
  static void requireGuest() {
    GuestMachine.check();
    UringAssumption.check();
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
  void shouldTakeTheGeometryOfTheNamespace() throws IOException {
    try (BlockDevice device = open(GuestMachine.PLAIN, 1)) {
      assertEquals(512, device.capabilities().blockBytes());
      assertTrue(device.capabilities().volatileWriteCache());
    }
    try (BlockDevice device = open(GuestMachine.TWO, 1)) {
      assertEquals(4096, device.capabilities().blockBytes());
      assertEquals(4096, device.capabilities().atomicWriteBytes());
      assertFalse(device.capabilities().growable());
    }
  }

  @Test
  void shouldReportUnreadableBlocksOnly() throws IOException {
    try (Commands commands = new Commands(GuestMachine.ERR, 1)) {
      for (long lba : GuestMachine.UNREADABLE) {
        assertEquals(IoStatus.UNRECOVERED_READ_ERROR, commands.read(lba, 1));
        assertEquals(IoStatus.UNRECOVERED_READ_ERROR, commands.read(lba - 7, 8));
        assertEquals(IoStatus.SUCCESS, commands.read(lba - 8, 8));
        assertEquals(IoStatus.SUCCESS, commands.read(lba + 1, 8));
      }
    }
  }

  @Test
  void shouldReportUnwritableBlocksOnly() throws IOException {
    try (Commands commands = new Commands(GuestMachine.ERR, 1)) {
      for (long lba : GuestMachine.UNWRITABLE) {
        assertEquals(IoStatus.WRITE_FAULT, commands.write(lba, 1));
        assertEquals(IoStatus.WRITE_FAULT, commands.write(lba - 7, 8));
        assertEquals(IoStatus.SUCCESS, commands.write(lba - 8, 8));
        assertEquals(IoStatus.SUCCESS, commands.write(lba + 1, 8));
      }
    }
  }

  @Test
  void shouldRefuseZones() {
    IOException refusal = assertThrows(IOException.class, () -> open(GuestMachine.TWO, 2).close());
    assertTrue(String.valueOf(refusal.getMessage()).contains("zones"), refusal.getMessage());
  }

  /** 50 commands in a second: most of these are still under way when the queue pair is closed. */
  @Test
  void shouldWaitForSlowCommandsWhenClosed() throws IOException {
    int depth = 32;
    try (BlockDevice device = open(GuestMachine.SLOW, 1);
        MappedRegion memory = VirtualMemory.reserve(1 << 20)) {
      MemorySegment target = NativeMemory.ALL.asSlice(memory.address(), memory.sizeBytes());
      target.fill((byte) 1);
      QueuePair pair = device.openQueuePair(depth);
      for (int i = 0; i < depth; i++) {
        assertTrue(pair.tryRead(i * 1_000L, 1, memory.address() + i * 512L, i));
      }
      pair.submit();
      pair.close();
      for (int i = 0; i < depth * 512; i += 512) {
        assertEquals(0, target.get(JAVA_BYTE, i), "read " + i / 512);
      }
    }
  }

  private static BlockDevice open(String serial, int namespaceId) throws IOException {
    Path path = GuestMachine.blockDevice(serial, namespaceId);
    return Devices.open("io_uring:" + path, Execution.threads());
  }

  /** One command at a time, and how it ended, without the errno. */
  private static final class Commands implements AutoCloseable {
    private final BlockDevice device;
    private final QueuePair pair;
    private final MappedRegion memory;

    Commands(String serial, int namespaceId) throws IOException {
      device = open(serial, namespaceId);
      pair = device.openQueuePair(1);
      memory = VirtualMemory.reserve(1 << 20);
    }

    int read(long lba, int count) {
      assertTrue(pair.tryRead(lba, count, memory.address(), 1));
      return end();
    }

    int write(long lba, int count) {
      assertTrue(pair.tryWrite(lba, count, memory.address(), 1));
      return end();
    }

    private int end() {
      int[] found = new int[1];
      pair.submit();
      while (pair.poll((_, status) -> found[0] = status, 1) == 0) {
        pair.sleep(WAIT_NANOS);
      }
      return IoStatus.withErrno(found[0], 0);
    }

    @Override
    public void close() {
      pair.close();
      device.close();
      memory.close();
    }
  }

  /** The suite on the first namespace of a controller, one test after the other. */
  abstract static class Conformance extends BlockDeviceConformance {
    private final String serial;
    private final long sizeBytes;

    Conformance(String serial, long sizeBytes) {
      this.serial = serial;
      this.sizeBytes = sizeBytes;
    }

    @Override
    BlockDevice open(Path directory) throws IOException {
      return UringGuestTest.open(serial, 1);
    }

    @Override
    long deviceBytes() {
      return sizeBytes;
    }
  }
}
