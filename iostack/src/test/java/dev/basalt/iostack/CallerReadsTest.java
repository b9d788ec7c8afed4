// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.basalt.iostack.agent.Execution;
import dev.basalt.linux.MappedRegion;
import dev.basalt.linux.NativeMemory;
import dev.basalt.linux.VirtualMemory;
import dev.basalt.linux.VirtualMemory.Advice;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Reads that the callers of a stack carry out themselves, on a disk's file and one in memory. */
@Tag("uring")
@Timeout(60)
class CallerReadsTest {
  private static final Path MEMORY_FILE_SYSTEM = Path.of("/dev/shm");
  private static final int PAGE = 4096;
  private static final int PAGES = 64;

  @TempDir private Path directory;
  private MappedRegion memory;

  @BeforeAll
  static void requireRing() {
    UringAssumption.check();
  }

  @BeforeEach
  void reserve() throws IOException {
    memory = VirtualMemory.reserve((long) PAGES * PAGE);
  }

  @AfterEach
  void release() {
    memory.close();
  }

  @Test
  void shouldReadIntoDroppedMemory() throws IOException {
    try (BlockDevice device = onDisk("");
        IoStack stack = start(device)) {
      for (int page = 0; page < PAGES; page++) {
        NativeMemory.ALL.set(JAVA_LONG, address(page), page + 1L);
      }
      stack.write(0, PAGES, memory.address());
      for (int round = 0; round < 3; round++) {
        VirtualMemory.advise(memory.address(), (long) PAGES * PAGE, Advice.DONTNEED);
        for (int page = 0; page < PAGES; page++) {
          stack.read(page, 1, address(page));
          assertEquals(page + 1L, NativeMemory.ALL.get(JAVA_LONG, address(page)));
        }
      }
      assertEquals(3L * PAGES, stack.statistics().reads());
      assertEquals(1, stack.statistics().batches(), "the write alone goes to the poller");
    }
  }

  @Test
  void shouldNotKeepTheCarrierOfVirtualThreadsWaiting() throws Exception {
    try (BlockDevice device = onDisk("");
        IoStack stack = start(device)) {
      Thread.ofVirtual().start(() -> read(stack, 0)).join();
      assertEquals(1, stack.statistics().batches());
      assertEquals(1, stack.statistics().reads());
    }
  }

  @Test
  void shouldReadMemoryOnVirtualThreads() throws Exception {
    try (MemoryFile file = MemoryFile.create();
        BlockDevice device = device(file.path, "");
        IoStack stack = start(device)) {
      Thread.ofVirtual().start(() -> read(stack, 0)).join();
      assertEquals(0, stack.statistics().batches());
      assertEquals(1, stack.statistics().reads());
    }
  }

  @Test
  void shouldReadOtherBackEndsToo() throws IOException {
    String size = "?size=" + (PAGES * PAGE >> 10) + "KiB";
    for (String uri :
        List.of("ram:256KiB", "file:" + directory.resolve("plain") + size + "&create=true")) {
      try (BlockDevice device = Devices.open(uri, Execution.threads());
          IoStack stack = start(device)) {
        NativeMemory.ALL.set(JAVA_LONG, address(1), 7L);
        stack.write(PAGES - 1, 1, address(1));
        stack.read(PAGES - 1, 1, address(2));
        assertEquals(7L, NativeMemory.ALL.get(JAVA_LONG, address(2)), uri);
        assertEquals(1, stack.statistics().batches(), uri);
        assertThrows(IllegalArgumentException.class, () -> stack.read(PAGES, 1, address(0)));
      }
    }
  }

  @Test
  void shouldSendAllToThePollersWhenToldSo() throws IOException {
    try (BlockDevice device = onDisk("");
        IoStack stack =
            IoStack.start(device, new IoStackConfig(1, 8, 8, false), Execution.threads())) {
      read(stack, 0);
      assertEquals(1, stack.statistics().batches());
    }
  }

  @Test
  void shouldStagePinnedMemory() throws IOException {
    try (BlockDevice device = onDisk("&fixed=true")) {
      assertNull(device.openReader());
    }
  }

  @Test
  void shouldTellTheCallerWhatWasWrong() throws IOException {
    try (BlockDevice device = onDisk("");
        IoStack stack = start(device)) {
      assertThrows(IllegalArgumentException.class, () -> stack.read(-1, 1, address(0)));
      assertThrows(IllegalArgumentException.class, () -> stack.read(PAGES, 1, address(0)));
      assertThrows(IllegalArgumentException.class, () -> stack.read(0, 1, address(0) + 1));
      long unmapped = 4096;
      IoException e = assertThrows(IoException.class, () -> stack.read(3, 1, unmapped));
      assertTrue(e.toString().contains(": read of 1 blocks at LBA 3 failed"), e.toString());
      assertEquals(1, stack.statistics().errors());
      read(stack, 0);
    }
  }

  @Test
  void shouldCloseUnderLoad() throws Exception {
    BlockDevice device = onDisk("");
    IoStack stack = start(device);
    AtomicInteger refused = new AtomicInteger();
    List<Thread> callers = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      int page = i;
      callers.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      while (true) {
                        read(stack, page);
                      }
                    } catch (IllegalStateException e) {
                      refused.incrementAndGet();
                    }
                  }));
    }
    while (stack.statistics().reads() < 1_000) {
      Thread.onSpinWait();
    }
    stack.close();
    device.close();
    for (Thread caller : callers) {
      caller.join();
    }
    assertEquals(50, refused.get());
    stack.close();
  }

  private BlockDevice onDisk(String option) throws IOException {
    return device(directory.resolve("data"), "&create=true" + option);
  }

  private static BlockDevice device(Path path, String option) throws IOException {
    int sizeKib = PAGES * PAGE >> 10;
    return Devices.open(
        "io_uring:" + path + "?size=" + sizeKib + "KiB" + option, Execution.threads());
  }

  private static IoStack start(BlockDevice device) throws IOException {
    return IoStack.start(device, IoStackConfig.defaults(), Execution.threads());
  }

  private void read(IoStack stack, int page) {
    try {
      stack.read(page, 1, address(page));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private long address(int page) {
    return memory.address() + (long) page * PAGE;
  }

  /** A file on a memory file system, deleted at the end. */
  private record MemoryFile(Path path) implements AutoCloseable {
    static MemoryFile create() throws IOException {
      boolean isThere =
          Files.isWritable(MEMORY_FILE_SYSTEM)
              && Files.getFileStore(MEMORY_FILE_SYSTEM).type().equals("tmpfs");
      assumeTrue(isThere, MEMORY_FILE_SYSTEM + " is no memory file system");
      return new MemoryFile(Files.createTempFile(MEMORY_FILE_SYSTEM, "basalt-test", ".data"));
    }

    @Override
    public void close() throws IOException {
      Files.deleteIfExists(path);
    }
  }
}
