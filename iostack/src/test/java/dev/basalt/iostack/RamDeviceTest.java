// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import dev.basalt.iostack.agent.Execution;
import java.io.IOException;
import java.nio.file.Path;

class RamDeviceTest extends BlockDeviceConformance {
  @Override
  BlockDevice open(Path directory) throws IOException {
    return Devices.open("ram:16MiB", Execution.threads());
  }
}
