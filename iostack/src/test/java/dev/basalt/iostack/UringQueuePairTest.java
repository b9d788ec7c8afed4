// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.iostack.agent.Execution;
import dev.basalt.linux.FileLockedException;
import dev.basalt.linux.MappedRegion;
import dev.basalt.linux.VirtualMemory;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is particular to io_uring; the rest is in the conformance suite. */
@Tag("uring")
class UringQueuePairTest {
  private static final int BLOCK_BYTES = 4096;
  private static final long WAIT_NANOS = 10_000_000_000L;

  @TempDir Path directory;

  @BeforeAll
  static void requireRing() {
    UringAssumption.check();
  }

  @Test
  void shouldReportReadBehindEndOfFileAsUnwrittenBlock() throws Exception {
    try (BlockDevice device = open("?create=true&size=1MiB");
        QueuePair pair = device.openQueuePair(4);
        MappedRegion memory = VirtualMemory.reserve(1 << 20)) {
      try (RandomAccessFile file = new RandomAccessFile(path().toFile(), "rw")) {
        file.setLength(10 * BLOCK_BYTES);
      }
      assertEquals(IoStatus.SUCCESS, read(pair, 9, 1, memory.address()));
      assertEquals(IoStatus.UNWRITTEN_BLOCK, read(pair, 10, 1, memory.address()));
      assertEquals(IoStatus.UNWRITTEN_BLOCK, read(pair, 8, 4, memory.address()));
    }
  }

  @Test
  void shouldRefuseSecondThread() throws Exception {
    try (BlockDevice device = open("?create=true&size=1MiB");
        QueuePair pair = device.openQueuePair(4)) {
      pair.submit();
      assertInstanceOf(
          IllegalStateException.class, failureOn(Thread.ofPlatform(), () -> pair.sleep(1_000)));
    }
  }

  @Test
  void shouldRefuseVirtualThread() throws Exception {
    try (BlockDevice device = open("?create=true&size=1MiB");
        QueuePair pair = device.openQueuePair(4)) {
      assertInstanceOf(
          IllegalStateException.class, failureOn(Thread.ofVirtual(), () -> pair.submit()));
      pair.submit();
    }
  }

  @Test
  void shouldCloseAfterItsOwnerHasEnded() throws Exception {
    try (BlockDevice device = open("?create=true&size=1MiB");
        QueuePair pair = device.openQueuePair(4)) {
      Thread.ofPlatform().start(() -> pair.sleep(1_000)).join();
      pair.wake();
    }
  }

  /** The poll goes on after the receiver has returned, in memory that would be gone. */
  @Test
  void shouldRefuseToBeClosedByItsReceiver() throws Exception {
    for (String options : new String[] {"?create=true&size=1MiB", "?fixed=true"}) {
      try (BlockDevice device = open(options);
          QueuePair pair = device.openQueuePair(4)) {
        assertTrue(pair.tryFlush(1));
        assertTrue(pair.tryFlush(2));
        Runnable closing = pair::close;
        assertThrows(
            IllegalStateException.class,
            () -> {
              while (pair.poll((_, _) -> closing.run(), 2) == 0) {
                pair.sleep(WAIT_NANOS);
              }
            });
      }
    }
  }

  @Test
  void shouldRefuseFileThatIsOpenElsewhere() throws Exception {
    try (BlockDevice _ = open("?create=true&size=1MiB")) {
      assertThrows(FileLockedException.class, () -> open(""));
      assertThrows(
          FileLockedException.class, () -> Devices.open("file:" + path(), Execution.threads()));
    }
    open("").close();
  }

  @Test
  void shouldRefuseMissingFileAndUnknownOption() {
    IOException missing = assertThrows(IOException.class, () -> open(""));
    assertTrue(String.valueOf(missing.getMessage()).contains("create=true"), missing.getMessage());
    assertThrows(IllegalArgumentException.class, () -> open("?creat=true"));
    assertThrows(IllegalArgumentException.class, () -> open("?create=yes"));
    assertThrows(IllegalArgumentException.class, () -> open("?size=many"));
  }

  private static int read(QueuePair pair, long lba, int count, long address) {
    int[] found = {-1};
    assertTrue(pair.tryRead(lba, count, address, 1));
    pair.submit();
    while (pair.poll((_, status) -> found[0] = status, 1) == 0) {
      pair.sleep(WAIT_NANOS);
    }
    return found[0];
  }

  private static @Nullable Throwable failureOn(Thread.Builder builder, Runnable action)
      throws Exception {
    AtomicReference<Throwable> failure = new AtomicReference<>();
    builder
        .start(
            () -> {
              try {
                action.run();
              } catch (Throwable e) {
                failure.set(e);
              }
            })
        .join();
    return failure.get();
  }

  private Path path() {
    return directory.resolve("data");
  }

  private BlockDevice open(String options) throws IOException {
    return Devices.open("io_uring:" + path() + options, Execution.threads());
  }
}
