// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import dev.basalt.iostack.Capabilities;
import dev.basalt.iostack.nvme.ControllerIdentity;
import dev.basalt.iostack.nvme.NamespaceIdentity;

/** What a namespace can do as a block device, by whichever way its commands go. */
final class NvmeCapabilities {
  /** The most bytes of one transfer, so that the staging memory of depth 128 is 16 MiB. */
  static final int TRANSFER_BYTES_MAX = 128 << 10;

  private static final int SECTOR_BYTES = 512;

  /** The most commands of one queue pair in flight. */
  static final int DEPTH_MAX = 1023;

  private NvmeCapabilities() {}

  /**
   * What the way of the commands allows.
   *
   * @param transferBytesMax bytes of a caller's transfer
   * @param commandBytesMax bytes of one command; a longer transfer is split
   * @param depthMax commands in flight of one queue pair
   */
  record Limits(int transferBytesMax, long commandBytesMax, int depthMax) {}

  /**
   * Tells what a namespace can do.
   *
   * @param name of back end and device
   * @param controller what it says of itself
   * @param namespace what it says of the namespace
   * @param limits of the way there
   */
  static Capabilities of(
      String name, ControllerIdentity controller, NamespaceIdentity namespace, Limits limits) {
    return new Capabilities(
        "%s, namespace %d: %s, serial %s, firmware %s"
            .formatted(
                name,
                namespace.id(),
                controller.model(),
                controller.serial(),
                controller.firmware()),
        namespace.blockBytes(),
        limits.transferBytesMax,
        atomicWriteBytes(controller, namespace, limits),
        1,
        Math.min(DEPTH_MAX, limits.depthMax),
        controller.hasVolatileWriteCache(),
        true,
        false);
  }

  /**
   * What a power failure never tears. A command beyond the atomic unit promises nothing (NVM
   * Command Set, section 2.1.4), so more than a sector is claimed only where no command can be, and
   * no transfer is split.
   */
  private static int atomicWriteBytes(
      ControllerIdentity controller, NamespaceIdentity namespace, Limits limits) {
    int blocks =
        namespace.powerFailAtomicBlocks() > 0
            ? namespace.powerFailAtomicBlocks()
            : controller.powerFailAtomicBlocks();
    long unitBytes = (long) blocks * namespace.blockBytes();
    int transferBytes = limits.transferBytesMax;
    boolean isWhole = unitBytes >= transferBytes && limits.commandBytesMax >= transferBytes;
    return isWhole ? Integer.highestOneBit(transferBytes) : SECTOR_BYTES;
  }
}
