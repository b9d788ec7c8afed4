// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.doctor;

import dev.basalt.linux.DirectProbe;
import dev.basalt.linux.host.BlockUse;
import dev.basalt.linux.host.NvmeDevice;
import java.util.List;

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
   * A disk that is no NVMe device, or a partition.
   *
   * @param name its path
   * @param uses who uses it
   */
  record Disk(String name, List<BlockUse> uses) implements Target {
    /** Copies the uses. */
    public Disk {
      uses = List.copyOf(uses);
    }
  }

  /**
   * A whole NVMe device, by whichever name.
   *
   * @param name as the user named it
   * @param device which that is
   */
  record Device(String name, NvmeDevice device) implements Target {}
}
