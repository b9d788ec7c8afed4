// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.Capabilities;
import dev.basalt.iostack.QueuePair;
import dev.basalt.iostack.internal.CommandLimits;
import dev.basalt.iostack.internal.OpenQueuePairs;
import dev.basalt.iostack.internal.StagingQueuePair;
import dev.basalt.iostack.nvme.NamespaceIdentity;
import java.io.IOException;

/**
 * What namespaces as block devices have in common, by whichever way their commands go.
 *
 * <p><b>Concurrency.</b> Any thread.
 */
abstract class NamespaceDevice implements BlockDevice {
  /** Those of this device. */
  final OpenQueuePairs openQueuePairs = new OpenQueuePairs();

  private final NamespaceIdentity namespace;
  private final Capabilities capabilities;

  NamespaceDevice(NamespaceIdentity namespace, Capabilities capabilities) {
    this.namespace = namespace;
    this.capabilities = capabilities;
  }

  /**
   * Returns what is known of the namespace.
   *
   * @return its identity
   */
  public final NamespaceIdentity namespace() {
    return namespace;
  }

  @Override
  public final Capabilities capabilities() {
    return capabilities;
  }

  @Override
  public final long blockCount() {
    return namespace.blockCount();
  }

  @Override
  public final void grow(long blockCountMin) throws IOException {
    openQueuePairs.checkOpen();
    if (blockCountMin > blockCount()) {
      throw new IOException(
          "%s has %d blocks and cannot grow to %d: a namespace has a fixed size"
              .formatted(capabilities.description(), blockCount(), blockCountMin));
    }
  }

  /**
   * Lets a queue pair take any memory.
   *
   * @param pinned takes addresses within its own; closed when this fails
   * @param staging absolute address of its memory
   * @param release frees that memory, once the queue pair is closed
   */
  final QueuePair stage(QueuePair pinned, long staging, Runnable release) {
    QueuePair staged = null;
    try {
      staged =
          new StagingQueuePair(
              pinned, staging, new CommandLimits(this), capabilities.transferBytesMax(), release);
      return staged;
    } finally {
      if (staged == null) {
        pinned.close();
        release.run();
      }
    }
  }
}
