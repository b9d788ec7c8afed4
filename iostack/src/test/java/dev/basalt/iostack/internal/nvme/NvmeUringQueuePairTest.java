// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.basalt.iostack.CompletionSink;
import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.QueuePair;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.internal.nvme.NvmeUringDevice.Access;
import dev.basalt.iostack.nvme.ControllerIdentity;
import dev.basalt.iostack.nvme.NamespaceIdentity;
import dev.basalt.linux.Errno;
import dev.basalt.linux.EventFd;
import dev.basalt.linux.MappedRegion;
import dev.basalt.linux.Syscall;
import dev.basalt.linux.SyscallNumber;
import dev.basalt.linux.VirtualMemory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What can be told of the queue pair without an NVMe device: files that take no commands, or any.
 */
@Tag("uring")
@Timeout(60)
class NvmeUringQueuePairTest {
  private static final int AT_FDCWD = -100;
  private static final int O_RDWR = 2;
  private static final int DEPTH = 8;
  private static final int TRANSFER_BYTES = 64 << 10;
  private static final int COMMANDS = 1 << 2 | 1 << 3; // dataset management, write zeroes
  private static final long WAIT_NANOS = 10_000_000_000L;

  private final List<long[]> completions = new ArrayList<>();
  private final CompletionSink sink = (tag, status) -> completions.add(new long[] {tag, status});

  @BeforeAll
  static void requireCommands() {
    NvmeUringDeviceProvider provider = new NvmeUringDeviceProvider();
    assumeTrue(provider.availability().usable(), provider.availability().reason());
  }

  @Test
  void shouldSayThatAFileTakesNoCommands() throws Exception {
    for (boolean isPolled : new boolean[] {false, true}) {
      completions.clear();
      try (EventFd noDevice = new EventFd();
          NvmeUringDevice device = device(noDevice.fd(), isPolled, COMMANDS);
          MappedRegion memory = VirtualMemory.reserve(TRANSFER_BYTES);
          QueuePair pair = device.openQueuePair(DEPTH)) {
        for (int i = 0; i < DEPTH - 1; i++) {
          assertTrue(pair.tryRead(i, 1, memory.address(), i));
        }
        assertTrue(pair.tryFlush(DEPTH - 1));
        assertFalse(pair.tryFlush(DEPTH));
        runAll(pair);
        assertEquals(DEPTH, completions.size());
        for (long[] completion : completions) {
          assertEquals(Errno.EOPNOTSUPP, IoStatus.errno((int) completion[1]));
          assertFalse(IoStatus.isRetryable((int) completion[1]));
        }
      }
    }
  }

  @Test
  void shouldSplitWhatIsLongerThanACommand() throws Exception {
    try (Descriptor anything = new Descriptor("/dev/null");
        NvmeUringDevice device = device(anything.fd, false, COMMANDS);
        QueuePair pair = device.openQueuePair(DEPTH)) {
      assertTrue(pair.tryFlush(1));
      runAll(pair);
      assumeTrue(completions.getFirst()[1] == IoStatus.SUCCESS, "/dev/null takes no commands here");
      completions.clear();
      assertTrue(pair.tryWriteZeroes(0, 1 << 16, 2));
      assertTrue(pair.tryDeallocate(0, 1 << 16, 3));
      assertTrue(pair.tryFlush(4));
      runAll(pair);
      // 65,536 blocks of 512 bytes are 512 commands, one after the other.
      assertEquals(List.of(3L, 4L, 2L), completions.stream().map(c -> c[0]).toList());
      assertTrue(completions.stream().allMatch(c -> c[1] == IoStatus.SUCCESS));
    }
  }

  @Test
  void shouldWriteZeroesWhereTheControllerKnowsNoCommandForIt() throws Exception {
    try (Descriptor anything = new Descriptor("/dev/null");
        NvmeUringDevice device = device(anything.fd, false, 0);
        QueuePair pair = device.openQueuePair(DEPTH)) {
      assertTrue(pair.tryWriteZeroes(0, 1000, 1));
      assertTrue(pair.tryDeallocate(0, 1000, 2));
      runAll(pair);
      assertEquals(2, completions.size());
    }
  }

  @Test
  void shouldGoOnWithoutRegisteredBuffersWhereTheKernelCannotUsePartOfOne() throws Exception {
    // A disk says EINVAL to commands it does not know, as a namespace of such a kernel does.
    try (Descriptor disk = new Descriptor("/dev/loop0");
        NvmeUringDevice device = device(disk.fd, false, COMMANDS);
        MappedRegion memory = VirtualMemory.reserve(TRANSFER_BYTES);
        QueuePair pair = device.openQueuePair(DEPTH)) {
      assumeTrue(pair.toString().contains("registered buffers"), pair.toString());
      for (int i = 0; i < DEPTH; i++) {
        assertTrue(pair.tryRead(i, 1, memory.address(), i));
      }
      runAll(pair);
      assertEquals(DEPTH, completions.size());
      int errno = IoStatus.errno((int) completions.getFirst()[1]);
      assumeTrue(errno == Errno.EINVAL, "this kernel's disks take no commands: errno " + errno);
      assertTrue(pair.toString().contains("plain addresses"), pair.toString());
    }
  }

  @Test
  void shouldRefuseMemoryThatIsNotItsOwn() throws Exception {
    try (EventFd noDevice = new EventFd();
        NvmeUringDevice device = device(noDevice.fd(), false, COMMANDS);
        MappedRegion memory =
            VirtualMemory.reserve(NvmeUringQueuePair.memoryBytes(DEPTH, TRANSFER_BYTES));
        QueuePair pair = new NvmeUringQueuePair(device, device.openQueuePairs, DEPTH, memory)) {
      long end = memory.address() + (long) DEPTH * TRANSFER_BYTES;
      refused(() -> pair.tryRead(0, 1, memory.address() - 512, 1));
      refused(() -> pair.tryRead(0, 1, end, 1));
      refused(() -> pair.tryRead(0, 2, memory.address() + TRANSFER_BYTES - 512, 1));
      refused(() -> pair.tryWrite(0, 2, end - 512, 1));
      assertTrue(pair.tryRead(0, 1, end - 512, 1));
      runAll(pair);
    }
  }

  private static void refused(Runnable command) {
    assertThrows(IllegalArgumentException.class, command::run);
  }

  private void runAll(QueuePair pair) {
    pair.submit();
    while (pair.inFlight() > 0) {
      if (pair.poll(sink, DEPTH) == 0) {
        pair.sleep(WAIT_NANOS);
      }
    }
  }

  private static NvmeUringDevice device(int fd, boolean isPolled, int commands) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment controller = arena.allocate(NvmeAbi.IDENTIFY_BYTES);
      controller.set(ValueLayout.JAVA_SHORT, 520, (short) commands);
      NvmeUringIdentity identity =
          new NvmeUringIdentity(
              ControllerIdentity.of(controller),
              new NamespaceIdentity(1, 1 << 16, 512, 0, 0, NamespaceIdentity.COMMAND_SET_NVM, 0),
              CommandSetIdentity.UNKNOWN,
              false);
      return new NvmeUringDevice(
          "test",
          new Access(fd, isPolled, 1_000, Execution.threads()),
          new KernelQueue(TRANSFER_BYTES, 128, isPolled, false),
          identity,
          () -> {});
    }
  }

  /** An open file of any kind. */
  private static final class Descriptor implements AutoCloseable {
    final int fd;

    Descriptor(String path) throws IOException {
      try (Arena arena = Arena.ofConfined()) {
        long name = arena.allocateFrom(path).address();
        fd = (int) Syscall.shared(SyscallNumber.OPENAT, AT_FDCWD, name, O_RDWR, 0);
      }
      assumeTrue(fd >= 0, path + " cannot be opened: " + Errno.name(-fd));
    }

    @Override
    public void close() {
      Syscall.shared(SyscallNumber.CLOSE, fd);
    }
  }
}
