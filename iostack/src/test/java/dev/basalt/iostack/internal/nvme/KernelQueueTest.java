// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.iostack.internal.nvme.NvmeUringDevice.Polling;
import dev.basalt.linux.host.HostFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelQueueTest {
  @TempDir private Path root;

  @Test
  void shouldTakeTheSmallerOfBothLimitsInWholePages() throws IOException {
    set("max_hw_sectors_kb", "64\n");
    set("max_segments", "17\n");
    set("nr_requests", "1023\n");
    set("io_poll", "1\n");
    setRelease("6.1.0-56-amd64\n");
    set("zoned", "none\n");
    assertEquals(new KernelQueue(64 << 10, 1023, true, false), read());
    setRelease("6.0.19\n");
    assertFalse(read().hasPollQueues(), "only disks can poll them");
    set("max_segments", "5\n");
    assertEquals(5 * 4096, read().commandBytesMax());
    set("max_segments", "127\n");
    set("max_hw_sectors_kb", "15\n");
    assertEquals(12 << 10, read().commandBytesMax());
    set("zoned", "host-managed\n");
    assertTrue(read().isZoned());
  }

  @Test
  void shouldSayThatTheKernelTellsNoLimits() {
    IOException e = assertThrows(IOException.class, this::read);
    assertTrue(String.valueOf(e.getMessage()).contains("nvme0n1"), e.getMessage());
  }

  @Test
  void shouldPollWhereThereAreQueuesForItUnlessToldOtherwise() throws IOException {
    KernelQueue with = new KernelQueue(4096, 128, true, false);
    KernelQueue without = new KernelQueue(4096, 128, false, false);
    assertTrue(Polling.AUTO.of(with, "/dev/ng0n1"));
    assertTrue(Polling.TRUE.of(with, "/dev/ng0n1"));
    assertFalse(Polling.FALSE.of(with, "/dev/ng0n1"));
    assertFalse(Polling.AUTO.of(without, "/dev/ng0n1"));
    assertFalse(Polling.FALSE.of(without, "/dev/ng0n1"));
    IOException e = assertThrows(IOException.class, () -> Polling.TRUE.of(without, "/dev/ng0n1"));
    assertTrue(String.valueOf(e.getMessage()).contains("nvme.poll_queues=2"), e.getMessage());
  }

  private KernelQueue read() throws IOException {
    return KernelQueue.read(new HostFiles(root), "nvme0n1");
  }

  private void setRelease(String text) throws IOException {
    Path directory = Files.createDirectories(root.resolve("proc/sys/kernel"));
    Files.writeString(directory.resolve("osrelease"), text);
  }

  private void set(String name, String text) throws IOException {
    Path queue = Files.createDirectories(root.resolve("sys/class/block/nvme0n1/queue"));
    Files.writeString(queue.resolve(name), text);
  }
}
