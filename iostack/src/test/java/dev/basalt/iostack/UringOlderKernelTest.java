// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import dev.basalt.iostack.agent.Execution;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The rings that kernels before 6.6, before 6.1 and before 5.19 give: with an array of indices,
 * without a single issuer and deferred task work, without any of it.
 */
@Tag("uring")
@ParameterizedClass(name = "{0} newest set-ups skipped")
@ValueSource(ints = {1, 2, 3})
class UringOlderKernelTest extends BlockDeviceConformance {
  private static final String PROPERTY = "basalt.io_uring.skipped-setups";

  @Parameter private int skippedSetups;

  @BeforeAll
  static void requireRing() {
    UringAssumption.check();
  }

  @AfterAll
  static void askForAllAgain() {
    System.clearProperty(PROPERTY);
  }

  @Override
  BlockDevice open(Path directory) throws IOException {
    System.setProperty(PROPERTY, Integer.toString(skippedSetups));
    return Devices.open(
        "io_uring:" + directory.resolve("data") + "?create=true&size=16MiB", Execution.threads());
  }
}
