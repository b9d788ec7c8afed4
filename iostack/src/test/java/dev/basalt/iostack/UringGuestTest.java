// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.basalt.iostack.agent.Execution;
import java.io.IOException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The io_uring back end on NVMe controllers of the guest machine. */
@Tag("guest")
@Tag("uring")
class UringGuestTest {
  @BeforeAll
  static void requireGuest() {
    GuestMachine.check();
    UringAssumption.check();
  }

  @Test
  void shouldTakeTheBlockSizeOfTheNamespace() throws IOException {
    assertEquals(512, blockBytes(GuestMachine.PLAIN));
    assertEquals(4096, blockBytes(GuestMachine.TWO));
  }

  private static int blockBytes(String serial) throws IOException {
    try (BlockDevice device =
        Devices.open("io_uring:" + GuestMachine.blockDevice(serial, 1), Execution.threads())) {
      return device.capabilities().blockBytes();
    }
  }
}
