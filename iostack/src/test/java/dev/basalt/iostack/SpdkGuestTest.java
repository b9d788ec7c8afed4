// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.basalt.iostack.BlockDeviceProvider.Availability;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.internal.driver.SpdkProvider;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/** The driver over SPDK on a controller of the guest machine that is bound to vfio-pci. */
@Tag("guest")
@Tag("spdk")
class SpdkGuestTest extends BlockDeviceConformance {
  private static VfioBinding binding;

  @BeforeAll
  static void bind() throws IOException {
    GuestMachine.check();
    Availability availability = new SpdkProvider().availability();
    assumeTrue(availability.usable(), availability.reason());
    binding = new VfioBinding(GuestMachine.PLAIN);
  }

  @AfterAll
  static void unbind() {
    if (binding != null) {
      binding.close();
    }
  }

  @Override
  BlockDevice open(Path directory) throws IOException {
    return Devices.open(binding.uri(1).replace("vfio:", "spdk:"), Execution.threads());
  }

  @Override
  long deviceBytes() {
    return 256 << 20;
  }
}
