// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.binding;

import dev.basalt.linux.host.BlockContent;
import dev.basalt.linux.host.NvmeDevice;
import java.util.List;

/**
 * How a device could be handed to user space, nothing speaking against it.
 *
 * @param device as it is now
 * @param contents what may be lost
 * @param writes what would be written, in order; nothing when user space has the device already
 * @param unseenProcessCount processes whose open files could not be looked at
 */
public record BindProposal(
    NvmeDevice device,
    List<BlockContent> contents,
    List<AttributeWrite> writes,
    int unseenProcessCount) {
  /** Copies the lists. */
  public BindProposal {
    contents = List.copyOf(contents);
    writes = List.copyOf(writes);
  }

  /**
   * Tells whether a user has to confirm that this device is meant.
   *
   * @return true where data may be lost, or nobody can say since no driver reads it
   */
  public boolean needsConfirmation() {
    return !writes.isEmpty() && (!contents.isEmpty() || device.controller() == null);
  }
}
