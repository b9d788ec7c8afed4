// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

import dev.basalt.iostack.BlockDeviceProvider;
import dev.basalt.iostack.BlockDeviceProvider.Availability;
import java.io.IOException;

/** The operating system, as far as back ends depend on it. */
final class Platform {
  private Platform() {}

  static boolean isLinux() {
    return System.getProperty("os.name").equals("Linux");
  }

  static void requireUsable(BlockDeviceProvider provider) throws IOException {
    Availability availability = provider.availability();
    if (!availability.usable()) {
      throw new IOException(
          provider.scheme() + ": is not available here: " + availability.reason());
    }
  }
}
