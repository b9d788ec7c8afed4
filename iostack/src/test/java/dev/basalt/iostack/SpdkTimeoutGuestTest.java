// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.basalt.iostack.BlockDeviceProvider.Availability;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.internal.driver.DriverDevice;
import dev.basalt.iostack.internal.driver.DriverQueuePair;
import dev.basalt.iostack.internal.driver.SpdkProvider;
import dev.basalt.linux.NativeMemory;
import java.io.IOException;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The driver over SPDK on a controller that ends 50 commands in a second, and aborts none. */
@Tag("guest")
@Tag("spdk")
class SpdkTimeoutGuestTest {
  private static final int BLOCK_BYTES = 512;
  private static final int DEPTH = 100;
  private static final long WAIT_NANOS = 1_000_000;

  /** Longer than the controller takes for all that it was given. */
  private static final long LATE_NANOS = 4_000_000_000L;

  private static final byte IN_USE = 0x5a;

  private VfioBinding binding;
  private final int[] statuses = new int[DEPTH];

  @BeforeEach
  void bind() throws IOException {
    GuestMachine.check();
    Availability availability = new SpdkProvider().availability();
    assumeTrue(availability.usable(), availability.reason());
    binding = new VfioBinding(GuestMachine.SLOW);
  }

  @AfterEach
  void unbind() {
    if (binding != null) {
      binding.close();
    }
  }

  /**
   * Blocks are zeroes, which a read that comes late would leave in memory used for another thing.
   */
  @Test
  void shouldKeepAControllerThatIsGivenUpFromMemory() throws IOException {
    String uri = binding.uri(1).replace("vfio:", "spdk:");
    try (DriverDevice device =
            (DriverDevice) Devices.open(uri + "?timeout-ms=100", Execution.threads());
        DriverQueuePair pair = device.openPinned(DEPTH)) {
      long address = pair.data().address();
      for (int i = 0; i < DEPTH; i++) {
        assertTrue(pair.tryRead(i, 1, address + (long) i * BLOCK_BYTES, i));
      }
      awaitAll(pair);
      assertTrue(failedCount() > DEPTH / 2, failedCount() + " failed, needed: most");
      for (long at = 0; at < DEPTH * BLOCK_BYTES; at++) {
        NativeMemory.ALL.set(JAVA_BYTE, address + at, IN_USE);
      }
      LockSupport.parkNanos(LATE_NANOS);
      for (long at = 0; at < DEPTH * BLOCK_BYTES; at++) {
        assertEquals(IN_USE, NativeMemory.ALL.get(JAVA_BYTE, address + at), "byte " + at);
      }
    }
    try (BlockDevice device = Devices.open(uri, Execution.threads());
        DriverQueuePair pair = ((DriverDevice) device).openPinned(1)) {
      assertTrue(pair.tryRead(0, 1, pair.data().address(), 0));
      awaitAll(pair);
      assertEquals(IoStatus.SUCCESS, statuses[0]);
    }
  }

  private void awaitAll(QueuePair pair) {
    pair.submit();
    while (pair.inFlight() > 0) {
      if (pair.poll((tag, status) -> statuses[(int) tag] = status, DEPTH) == 0) {
        pair.sleep(WAIT_NANOS);
      }
    }
  }

  private int failedCount() {
    int count = 0;
    for (int status : statuses) {
      count += status == IoStatus.SUCCESS ? 0 : 1;
    }
    return count;
  }
}
