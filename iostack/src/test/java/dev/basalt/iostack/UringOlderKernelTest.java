// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import dev.basalt.iostack.agent.Execution;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;

/** The io_uring back end with the rings that older kernels give. */
@Tag("uring")
class UringOlderKernelTest {
  private static final String PROPERTY = "basalt.io_uring.skipped-setups";

  @BeforeAll
  static void requireRing() {
    UringAssumption.check();
  }

  @AfterAll
  static void askForAllAgain() {
    System.clearProperty(PROPERTY);
  }

  /** With an array of indices. */
  @Nested
  class BeforeLinux66 extends Conformance {
    BeforeLinux66() {
      super(1);
    }
  }

  /** Without a single issuer and deferred task work. */
  @Nested
  class BeforeLinux61 extends Conformance {
    BeforeLinux61() {
      super(2);
    }
  }

  /** Without cooperative task work. */
  @Nested
  class BeforeLinux519 extends Conformance {
    BeforeLinux519() {
      super(3);
    }
  }

  /** The suite without the newest set-ups. */
  abstract static class Conformance extends BlockDeviceConformance {
    private final int skippedSetups;

    Conformance(int skippedSetups) {
      this.skippedSetups = skippedSetups;
    }

    @Override
    BlockDevice open(Path directory) throws IOException {
      System.setProperty(PROPERTY, Integer.toString(skippedSetups));
      return Devices.open(
          "io_uring:" + directory.resolve("data") + "?create=true&size=16MiB", Execution.threads());
    }
  }
}
