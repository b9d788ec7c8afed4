// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("uring")
class IoUringTest {
  private static final int PAGE_BYTES = 4096;
  private static final long WAIT_NANOS = 10_000_000_000L;

  @TempDir Path directory;

  @BeforeEach
  void requireRing() {
    try {
      new IoUring(1).close();
    } catch (ErrnoException e) {
      assumeTrue(false, e.getMessage());
    }
  }

  @Test
  void shouldSupportWhatTheBackEndUses() throws Exception {
    try (IoUring ring = new IoUring(8)) {
      assertTrue(ring.supports(SubmissionEntry.OP_READ));
      assertTrue(ring.supports(SubmissionEntry.OP_WRITE));
      assertTrue(ring.supports(SubmissionEntry.OP_FSYNC));
      assertTrue(ring.supports(SubmissionEntry.OP_FALLOCATE));
      assertTrue(ring.supports(SubmissionEntry.OP_ASYNC_CANCEL));
      assertFalse(ring.supports(63), "no kernel has so many");
      assertFalse(ring.supports(200));
    }
  }

  @Test
  void shouldRefuseVirtualOwner() throws Exception {
    try (IoUring ring = new IoUring(8)) {
      AtomicReference<Throwable> failure = new AtomicReference<>();
      Thread.ofVirtual()
          .start(
              () -> {
                try {
                  ring.enable();
                } catch (Exception e) {
                  failure.set(e);
                }
              })
          .join();
      assertInstanceOf(IllegalStateException.class, failure.get());
    }
  }

  @Test
  void shouldReturnFalseWhenQueueIsFull() throws Exception {
    try (IoUring ring = new IoUring(4)) {
      ring.enable();
      for (int i = 0; i < 4; i++) {
        assertTrue(ring.tryQueue(0, 0, 0, 0, i), "NOP " + i);
      }
      assertFalse(ring.tryQueue(0, 0, 0, 0, 4));
      assertEquals(4, ring.submit());
      assertEquals(0, ring.unsubmitted());
      for (int i = 0; i < 4; i++) {
        long completion = ring.completion();
        assertEquals(i, IoUring.userData(completion));
        assertEquals(0, IoUring.result(completion));
        ring.advance();
      }
      assertEquals(0, ring.completion());
    }
  }

  @Test
  void shouldSayThatCompletionsWaitInTheKernel() throws Exception {
    // Facts, trap 4: who only looks at the completion queue would wait for ever.
    try (IoUring ring = new IoUring(4);
        EventFd event = new EventFd();
        MappedRegion memory = VirtualMemory.reserve(PAGE_BYTES)) {
      assumeTrue(ring.mode().contains("deferred"), ring.mode());
      ring.registerFiles(event.fd());
      ring.enable();
      long head = SubmissionEntry.head(SubmissionEntry.OP_READ, 0);
      assertTrue(ring.tryQueue(head, 0, memory.address(), Long.BYTES, 7));
      assertEquals(1, ring.submit());
      assertFalse(ring.needsEnter());
      event.signal();
      long deadline = System.nanoTime() + WAIT_NANOS;
      while (!ring.needsEnter()) {
        assertTrue(System.nanoTime() < deadline, "the kernel never asked to be entered");
        Thread.onSpinWait();
      }
      assertEquals(0, ring.completion(), "posted although nobody entered");
      assertEquals(0, ring.submit());
      assertEquals(7, IoUring.userData(ring.completion()));
    }
  }

  @Test
  void shouldCarryCommandsInTwiceTheRoom() throws Exception {
    try (EventFd noDevice = new EventFd();
        IoUring ring = commandRing(IoUring.Kind.COMMANDS)) {
      assumeTrue(ring.supports(SubmissionEntry.OP_URING_CMD), "needs Linux 5.19");
      ring.registerFiles(noDevice.fd());
      ring.enable();
      for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 4; i += 2) {
          assertTrue(ring.tryQueue(0, 0, 0, 0, i), "NOP " + i);
          long command = ring.tryCommand();
          NativeMemory.ALL.set(JAVA_LONG, command + SubmissionEntry.COMMAND_BYTES - 8, -1);
          ring.queueCommand(
              SubmissionEntry.head(SubmissionEntry.OP_URING_CMD, 0), 0x80, 0, 0, i + 1);
        }
        assertEquals(0, ring.tryCommand(), "full");
        assertEquals(4, ring.submit());
        for (int i = 0; i < 4; i++) {
          long completion = ring.completion();
          assertEquals(i, IoUring.userData(completion));
          // An event counter takes no commands.
          assertEquals(i % 2 == 0 ? 0 : -Errno.EOPNOTSUPP, IoUring.result(completion));
          ring.advance();
        }
        assertEquals(0, ring.completion());
      }
    }
  }

  @Test
  void shouldEnterAPolledRingAlways() throws Exception {
    try (IoUring ring = commandRing(IoUring.Kind.POLLED_COMMANDS)) {
      assertTrue(ring.needsEnter());
      assertTrue(ring.mode().endsWith(", polled"), ring.mode());
    }
  }

  private static IoUring commandRing(IoUring.Kind kind) {
    try {
      return new IoUring(4, kind);
    } catch (ErrnoException e) {
      assumeTrue(false, e.getMessage());
      throw new AssertionError(e);
    }
  }

  @Test
  void shouldEndWaitAfterItsTime() throws Exception {
    try (IoUring ring = new IoUring(4)) {
      ring.enable();
      assertEquals(-Errno.ETIME, ring.await(1_000_000));
    }
  }

  @Test
  void shouldLoseReadIntoEvictedRegisteredPage() throws Exception {
    // Facts, trap 1: why registered buffers are staged. Plain reads are right.
    Path file = directory.resolve("data");
    byte[] content = new byte[PAGE_BYTES];
    java.util.Arrays.fill(content, (byte) 7);
    Files.write(file, content);
    try (DirectFile opened = DirectFile.open(file, false, DirectFile.Mode.CACHED);
        MappedRegion memory = VirtualMemory.reserve(PAGE_BYTES);
        IoUring ring = new IoUring(4)) {
      VirtualMemory.advise(memory.address(), PAGE_BYTES, VirtualMemory.Advice.NOHUGEPAGE);
      ring.registerFiles(opened.fd());
      ring.registerBuffers(memory.address(), PAGE_BYTES);
      ring.enable();
      VirtualMemory.advise(memory.address(), PAGE_BYTES, VirtualMemory.Advice.DONTNEED);
      assertEquals(PAGE_BYTES, read(ring, SubmissionEntry.OP_READ_FIXED, memory.address()));
      assertEquals(0, NativeMemory.ALL.get(JAVA_LONG, memory.address()), "the pinned frame has it");
      assertEquals(PAGE_BYTES, read(ring, SubmissionEntry.OP_READ, memory.address()));
      assertEquals(0x0707070707070707L, NativeMemory.ALL.get(JAVA_LONG, memory.address()));
    }
  }

  @Test
  void shouldRefuseTooLargeRegisteredBuffer() throws Exception {
    // Facts, trap 11.
    try (IoUring ring = new IoUring(4);
        MappedRegion memory = VirtualMemory.reserve(2 * IoUring.REGISTERED_BYTES_MAX)) {
      ErrnoException refused =
          assertThrows(
              ErrnoException.class,
              () -> ring.registerBuffers(memory.address(), 2 * IoUring.REGISTERED_BYTES_MAX));
      assertTrue(String.valueOf(refused.getMessage()).contains("BUFFERS"), refused.getMessage());
    }
  }

  private static int read(IoUring ring, int opcode, long address) {
    assertTrue(ring.tryQueue(SubmissionEntry.head(opcode, 0), 0, address, PAGE_BYTES, 1));
    ring.await(WAIT_NANOS);
    int result = IoUring.result(ring.completion());
    ring.advance();
    return result;
  }
}
