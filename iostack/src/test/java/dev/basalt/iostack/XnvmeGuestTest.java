// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.basalt.iostack.BlockDeviceProvider.Availability;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.internal.driver.XnvmeProvider;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The driver over xNVMe on namespaces of the guest machine that the kernel's driver has. */
@Tag("guest")
@Tag("xnvme")
class XnvmeGuestTest {
  @BeforeAll
  static void check() {
    GuestMachine.check();
    Availability availability = new XnvmeProvider().availability();
    assumeTrue(availability.usable(), availability.reason());
  }

  @Nested
  class Commands extends Conformance {
    @Override
    String target() throws IOException {
      return GuestMachine.genericDevice(GuestMachine.PLAIN, 1) + "?be=io_uring_cmd";
    }
  }

  @Nested
  class Disk extends Conformance {
    @Override
    String target() throws IOException {
      return GuestMachine.blockDevice(GuestMachine.PLAIN, 1) + "?be=libaio";
    }
  }

  @Test
  void shouldRefuseZones() throws IOException {
    String uri = "xnvme:" + GuestMachine.genericDevice(GuestMachine.TWO, 2);
    IOException e =
        assertThrows(IOException.class, () -> Devices.open(uri, Execution.threads()).close());
    assertTrue(String.valueOf(e.getMessage()).contains("is zoned"), e.getMessage());
  }

  /** The suite on the plain controller. */
  abstract static class Conformance extends BlockDeviceConformance {
    abstract String target() throws IOException;

    @Override
    BlockDevice open(Path directory) throws IOException {
      return Devices.open("xnvme:" + target(), Execution.threads());
    }

    @Override
    long deviceBytes() {
      return 256 << 20;
    }
  }
}
