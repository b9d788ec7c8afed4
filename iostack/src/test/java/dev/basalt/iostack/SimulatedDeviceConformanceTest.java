// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import dev.basalt.iostack.agent.Execution;
import java.io.IOException;
import java.nio.file.Path;

/** The simulated device in real time. */
class SimulatedDeviceConformanceTest extends BlockDeviceConformance {
  @Override
  BlockDevice open(Path directory) throws IOException {
    return Devices.open("sim:16MiB?block=4096", Execution.threads());
  }
}
