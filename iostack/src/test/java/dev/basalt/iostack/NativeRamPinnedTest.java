// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.basalt.iostack.BlockDeviceProvider.Availability;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.internal.driver.NativeRamProvider;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;

/** The same with memory that must be the driver's, and commands that overtake each other. */
class NativeRamPinnedTest extends BlockDeviceConformance {
  @BeforeAll
  static void requireDriver() {
    Availability availability = new NativeRamProvider().availability();
    assumeTrue(availability.usable(), availability.reason());
  }

  @Override
  BlockDevice open(Path directory) throws IOException {
    return Devices.open("native-ram:16MiB?pins=true&delay-us=20", Execution.threads());
  }

  @Nested
  class Memory extends DriverMemoryConformance {
    @Override
    BlockDevice open() throws IOException {
      return NativeRamPinnedTest.this.open(Path.of(""));
    }

    @Override
    int alignmentBytes() {
      return 1;
    }
  }
}
