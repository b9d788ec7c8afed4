// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import dev.basalt.iostack.agent.Execution;
import java.io.IOException;

/** A back end, found by {@link java.util.ServiceLoader}. Stateless. */
public interface BlockDeviceProvider {
  /**
   * Returns the URI scheme of this back end.
   *
   * @return such as {@code io_uring}
   */
  String scheme();

  /**
   * Tells whether this back end can run on this machine.
   *
   * @return usable, or why not and what to do about it
   */
  Availability availability();

  /**
   * Tells whether this back end makes a missing device when asked by the option {@code
   * create=true}.
   *
   * @return true for back ends on files
   */
  default boolean canCreate() {
    return false;
  }

  /**
   * Opens a device.
   *
   * @param uri the whole URI, its scheme being {@link #scheme}
   * @param execution the seam its waits go through
   * @return the device, to be closed by the caller
   * @throws IOException when it cannot be opened; the message says what was found and what to do
   */
  BlockDevice open(DeviceUri uri, Execution execution) throws IOException;

  /**
   * Whether a back end can run here.
   *
   * @param usable whether it can
   * @param reason what was found; where it is not usable also what to do
   */
  record Availability(boolean usable, String reason) {}
}
