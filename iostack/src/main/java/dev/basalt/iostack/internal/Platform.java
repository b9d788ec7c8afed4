// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

import dev.basalt.iostack.BlockDeviceProvider;
import dev.basalt.iostack.BlockDeviceProvider.Availability;
import java.io.IOException;

/** The operating system, as far as back ends depend on it. */
public final class Platform {
  private Platform() {}

  /**
   * Tells whether this is Linux.
   *
   * @return true on Linux
   */
  public static boolean isLinux() {
    return System.getProperty("os.name").equals("Linux");
  }

  /**
   * Refuses to open a device whose back end cannot run here.
   *
   * @param provider the back end
   * @throws IOException when it cannot; the message says why and what to do
   */
  public static void requireUsable(BlockDeviceProvider provider) throws IOException {
    Availability availability = provider.availability();
    if (!availability.usable()) {
      throw new IOException(
          provider.scheme() + ": is not available here: " + availability.reason());
    }
  }
}
