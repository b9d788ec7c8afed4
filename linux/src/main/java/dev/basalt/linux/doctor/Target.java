// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.doctor;

import dev.basalt.linux.DirectProbe;
import dev.basalt.linux.host.NvmeDevice;

/** Where the store shall be. */
public sealed interface Target {
  /**
   * Returns what the user named.
   *
   * @return for people
   */
  String name();

  /**
   * A directory or file.
   *
   * @param name its path
   * @param direct whether files there can be read past the page cache
   */
  record Place(String name, DirectProbe direct) implements Target {}

  /**
   * An NVMe device.
   *
   * @param name as the user named it
   * @param device which that is
   */
  record Device(String name, NvmeDevice device) implements Target {}
}
