// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.cli.bench.DeviceLoad.Shape;
import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.Devices;
import dev.basalt.iostack.IoStack;
import dev.basalt.iostack.IoStackConfig;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.linux.MappedRegion;
import dev.basalt.linux.NativeMemory;
import dev.basalt.linux.VirtualMemory;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DeviceLoadTest {
  private BlockDevice device;

  @BeforeEach
  void open() throws IOException {
    device = Devices.open("ram:1MiB", Execution.threads());
  }

  @AfterEach
  void close() {
    device.close();
  }

  @Test
  void shouldCountWhatItHasDone() throws IOException {
    try (DeviceLoad load = new DeviceLoad(device, new Shape(false, false, 4096, 8))) {
      long count = load.run(Duration.ofMillis(20)).getTotalCount();
      assertTrue(count > 8, () -> count + " reads");
      assertEquals(0, word(0), "reads change nothing");
    }
  }

  @Test
  void shouldWriteTheWholeDeviceInOrder() throws IOException {
    try (DeviceLoad load = new DeviceLoad(device, new Shape(true, true, 65_536, 2))) {
      while (load.run(Duration.ofMillis(20)).getTotalCount() < 16) {
        Thread.onSpinWait();
      }
    }
    for (long lba = 0; lba < device.blockCount(); lba++) {
      assertNotEquals(0, word(lba), "block " + lba);
    }
  }

  @Test
  void shouldSayWhatTheDeviceCannotDo() {
    assertRefused(new Shape(false, false, 1000, 1), "transfers of 1000 bytes, needed: a multiple");
    assertRefused(new Shape(false, false, 1 << 30, 1), "transfers of 1073741824 bytes");
    assertRefused(new Shape(false, false, 4096, 1 << 20), "depth 1048576, needed: up to");
  }

  private void assertRefused(Shape shape, String reason) {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> new DeviceLoad(device, shape).close());
    assertTrue(String.valueOf(e.getMessage()).startsWith(reason), e.getMessage());
  }

  private long word(long lba) throws IOException {
    try (IoStack stack = IoStack.start(device, IoStackConfig.defaults(), Execution.threads());
        MappedRegion memory = VirtualMemory.reserve(4096)) {
      stack.read(lba, 1, memory.address());
      return NativeMemory.ALL.get(ValueLayout.JAVA_LONG, memory.address());
    }
  }
}
