// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UsageTest {
  @TempDir private Path process;

  @Test
  void shouldReadWhatTheKernelCounts() throws IOException {
    Files.writeString(
        process.resolve("io"),
        """
        rchar: 500
        wchar: 600
        syscr: 7
        syscw: 8
        read_bytes: 4096
        write_bytes: 8192
        cancelled_write_bytes: 1
        """);
    Files.writeString(
        process.resolve("status"),
        "Name:\tjava bench\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\nThreads:\t3\n");
    Usage usage = Usage.of(process);
    assertEquals(new Traffic(4096, 8192), usage.device());
    assertEquals(new Traffic(500, 600), usage.calls());
    assertNull(usage.store());
    assertEquals(1 << 20, usage.residentBytes());
    assertEquals(2 << 20, usage.residentBytesMax());
  }

  @Test
  void shouldSubtractTrafficAndKeepMemory() {
    Usage before = new Usage(new Traffic(1, 2), new Traffic(3, 4), new Traffic(5, 6), 7, 8);
    Usage after = new Usage(new Traffic(11, 22), new Traffic(33, 44), new Traffic(55, 66), 77, 88);
    assertEquals(
        new Usage(new Traffic(10, 20), new Traffic(30, 40), new Traffic(50, 60), 77, 88),
        after.since(before));
    assertNull(after.since(before.withStore(null)).store());
  }

  @Test
  void shouldSeeThisProcess() throws IOException {
    Usage before = Usage.ofThisProcess();
    Files.write(process.resolve("file"), new byte[100_000]);
    Usage after = Usage.ofThisProcess();
    assertTrue(after.since(before).calls().writtenBytes() >= 100_000);
    assertTrue(after.residentBytes() > 1 << 20);
    assertTrue(after.residentBytesMax() >= after.residentBytes());
  }
}
