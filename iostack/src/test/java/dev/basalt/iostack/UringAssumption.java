// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

/** Skips tests where the kernel refuses io_uring, printing its reason. */
final class UringAssumption {
  private UringAssumption() {}

  static void check() {
    for (BlockDeviceProvider provider : Devices.providers()) {
      if (provider.scheme().equals("io_uring")) {
        assumeTrue(provider.availability().usable(), provider.availability().reason());
      }
    }
  }
}
