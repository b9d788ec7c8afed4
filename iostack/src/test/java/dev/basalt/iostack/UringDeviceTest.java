// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import dev.basalt.iostack.agent.Execution;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

@Tag("uring")
class UringDeviceTest extends BlockDeviceConformance {
  @BeforeAll
  static void requireRing() {
    UringAssumption.check();
  }

  @Override
  BlockDevice open(Path directory) throws IOException {
    return Devices.open(
        "io_uring:" + directory.resolve("data") + "?create=true&size=16MiB", Execution.threads());
  }
}
