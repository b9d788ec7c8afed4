// SPDX-License-Identifier: Apache-2.0
package dev.basalt.spdk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.basalt.linux.Errno;
import dev.basalt.linux.ErrnoException;
import dev.basalt.linux.MappedRegion;
import dev.basalt.linux.NativeMemory;
import dev.basalt.linux.VirtualMemory;
import dev.basalt.spdk.generated.BasaltDriver;
import dev.basalt.spdk.generated.basalt_command;
import dev.basalt.spdk.generated.basalt_completion;
import dev.basalt.spdk.generated.basalt_driver;
import dev.basalt.spdk.generated.basalt_info;
import dev.basalt.spdk.generated.basalt_piece;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class NativeDriverTest {
  @Test
  void shouldRunCommandsOfTheReferenceDriver() throws IOException {
    NativeDriver driver = loadRam();
    assertSame(driver, NativeDriver.load("ram"));
    assertEquals("ram", driver.name());
    try (NativeDevice device = driver.openDevice("1MiB", "block=4096&depth=4");
        MappedRegion region = VirtualMemory.reserve(64 << 10)) {
      assertEquals(4096, device.info().blockBytes());
      assertEquals(256, device.info().blockCount());
      assertEquals(4, device.info().queueDepthMax());
      NativeDevice.Memory memory = device.allocate(8192);
      long commands = region.address();
      long completions = commands + 8L * NativeCommands.COMMAND_BYTES;
      try (NativeQueue queue = device.openQueue(4)) {
        NativeMemory.ALL.set(ValueLayout.JAVA_LONG, memory.address(), 42);
        NativeCommands.set(commands, NativeCommands.WRITE, 7, 1, memory.address(), 11);
        assertEquals(1, queue.submit(commands, 1));
        assertEquals(1, queue.poll(completions, 8));
        assertEquals(11, NativeCommands.tag(completions));
        assertEquals(0, NativeCommands.status(completions));
        for (int i = 0; i < 6; i++) {
          long command = commands + (long) i * NativeCommands.COMMAND_BYTES;
          NativeCommands.set(command, NativeCommands.READ, 7, 1, memory.address() + 4096, i);
        }
        assertEquals(4, queue.submit(commands, 6), "no more than its depth");
        assertEquals(4, queue.poll(completions, 8));
        assertEquals(42, NativeMemory.ALL.get(ValueLayout.JAVA_LONG, memory.address() + 4096));
      }
      device.free(memory);
    }
  }

  @Test
  void shouldSayWhatTheDriverSays() throws IOException {
    NativeDriver driver = loadRam();
    ErrnoException e =
        assertThrows(ErrnoException.class, () -> driver.openDevice("1MiB", "block=17"));
    assertEquals(Errno.EINVAL, e.errno());
    assertTrue(String.valueOf(e.getMessage()).contains("block is 17, needed: 512"), e.getMessage());
    try (NativeDevice device = driver.openDevice("1MiB", "depth=2")) {
      e = assertThrows(ErrnoException.class, () -> device.openQueue(3));
      assertTrue(String.valueOf(e.getMessage()).contains("depth is 3"), e.getMessage());
    }
  }

  @Test
  void shouldRefuseUseAfterClose() throws IOException {
    NativeDevice device = loadRam().openDevice("1MiB", "");
    NativeDevice.Memory memory = device.allocate(4096);
    NativeQueue queue = device.openQueue(1);
    assertThrows(IllegalStateException.class, device::close);
    queue.close();
    queue.close();
    assertThrows(IllegalStateException.class, () -> queue.poll(memory.address(), 1));
    assertThrows(IllegalStateException.class, () -> queue.submit(memory.address(), 1));
    assertThrows(IllegalStateException.class, device::close);
    device.free(memory);
    device.close();
    device.close();
    assertThrows(IllegalStateException.class, () -> device.openQueue(1));
    assertThrows(IllegalStateException.class, () -> device.allocate(1));
  }

  @Test
  void shouldSayWhereItHasLooked() {
    IOException e = assertThrows(IOException.class, () -> NativeDriver.load("nothing"));
    String message = String.valueOf(e.getMessage());
    assertTrue(message.startsWith("there is no libbasalt_nothing.so, which -Dbasalt."), message);
    assertTrue(message.contains("looked for in [/"), message);
  }

  @Test
  void shouldRefuseADriverOfAnotherVersion() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment table = arena.allocate(basalt_driver.layout());
      basalt_driver.abi_version(table, BasaltDriver.BASALT_DRIVER_ABI());
      basalt_driver.driver_bytes(table, (int) basalt_driver.sizeof());
      basalt_driver.command_bytes(table, (int) basalt_command.sizeof());
      basalt_driver.completion_bytes(table, (int) basalt_completion.sizeof());
      basalt_driver.piece_bytes(table, (int) basalt_piece.sizeof());
      basalt_driver.info_bytes(table, (int) basalt_info.sizeof());
      Path file = Path.of("libbasalt_x.so");
      NativeDriver.checkVersion(file, table);
      basalt_driver.command_bytes(table, 72);
      IOException e = assertThrows(IOException.class, () -> NativeDriver.checkVersion(file, table));
      assertEquals(
          "libbasalt_x.so does not fit this version of Basalt: a command is 72, needed: 64;"
              + " build it anew",
          e.getMessage());
      basalt_driver.abi_version(table, 9);
      e = assertThrows(IOException.class, () -> NativeDriver.checkVersion(file, table));
      assertTrue(String.valueOf(e.getMessage()).contains("interface is 9, needed: 1"));
    }
  }

  private static NativeDriver loadRam() throws IOException {
    assumeTrue(DriverLibraries.find("ram") != null, "there is no C compiler: no libbasalt_ram.so");
    return NativeDriver.load("ram");
  }
}
