// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.basalt.iostack.BlockDeviceProvider.Availability;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.internal.driver.NativeRamProvider;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;

/** Conformance of the reference driver in C. */
class NativeRamDeviceTest extends BlockDeviceConformance {
  @BeforeAll
  static void requireDriver() {
    Availability availability = new NativeRamProvider().availability();
    assumeTrue(availability.usable(), availability.reason());
  }

  @Override
  BlockDevice open(Path directory) throws IOException {
    return Devices.open("native-ram:16MiB", Execution.threads());
  }
}
