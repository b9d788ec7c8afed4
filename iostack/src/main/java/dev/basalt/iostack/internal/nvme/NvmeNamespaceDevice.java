// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import dev.basalt.iostack.Capabilities;
import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.QueuePair;
import dev.basalt.iostack.internal.CommandLimits;
import dev.basalt.iostack.nvme.ControllerIdentity;
import dev.basalt.iostack.nvme.NamespaceIdentity;
import java.io.IOException;

/**
 * A namespace of an NVMe controller as a block device.
 *
 * <p><b>Ownership.</b> Owns the controller.
 *
 * <p><b>Concurrency.</b> Any thread.
 */
public final class NvmeNamespaceDevice extends NamespaceDevice {
  /**
   * The controller is gone or was given up (SCT 3h, SC 70h: host pathing error); no retry helps.
   */
  static final int LOST = IoStatus.of(3, 0x70, true);

  /** Of flushes after the controller has failed by itself, and its cache with it perhaps. */
  static final int CACHE_LOST = IoStatus.of(0, IoStatus.code(IoStatus.INTERNAL_ERROR), true);

  private final NvmeController controller;

  private NvmeNamespaceDevice(
      NvmeController controller, NamespaceIdentity namespace, String address) {
    ControllerIdentity identity = controller.identity();
    super(
        namespace,
        NvmeCapabilities.of(
            "vfio " + address,
            identity,
            namespace,
            new NvmeCapabilities.Limits(
                NvmeCapabilities.TRANSFER_BYTES_MAX,
                (long) identity.transferPagesMax() << NvmeAbi.PAGE_SHIFT,
                controller.queueDepthMax())));
    this.controller = controller;
  }

  /**
   * Opens a namespace.
   *
   * @param controller running; taken over, also when this fails
   * @param namespaceId which one
   * @param address of the controller, for people
   * @return the device, to be closed by the caller
   * @throws IOException when it cannot hold a store; the message says why
   */
  public static NvmeNamespaceDevice open(NvmeController controller, int namespaceId, String address)
      throws IOException {
    boolean isOpen = false;
    try {
      if (!controller.namespaceIds().contains(namespaceId)) {
        throw refused(controller, namespaceId, address, "there is none of this id");
      }
      NamespaceIdentity namespace = controller.namespace(namespaceId);
      String fault = namespace.fault();
      if (!fault.isEmpty()) {
        throw refused(controller, namespaceId, address, fault);
      }
      NvmeNamespaceDevice device = new NvmeNamespaceDevice(controller, namespace, address);
      isOpen = true;
      return device;
    } finally {
      if (!isOpen) {
        controller.close();
      }
    }
  }

  private static IOException refused(
      NvmeController controller, int namespaceId, String address, String reason)
      throws IOException {
    return new IOException(
        "namespace %d of %s cannot be used: %s; the controller has the namespaces %s"
            .formatted(namespaceId, address, reason, controller.namespaceIds()));
  }

  /**
   * Returns the controller.
   *
   * @return which stays the device's
   */
  public NvmeController controller() {
    return controller;
  }

  @Override
  public QueuePair openQueuePair(int depth) throws IOException {
    NvmeQueuePair pinned = openPinned(depth);
    return stage(pinned, pinned.data().address(), () -> {});
  }

  /**
   * Opens a queue pair whose commands use its own DMA memory, without a copy.
   *
   * @param depth the most commands in flight, 1 to {@link Capabilities#queueDepthMax}
   * @return the queue pair, to be closed by the caller
   * @throws IOException when the controller has no more queues, or memory may not be locked
   */
  public NvmeQueuePair openPinned(int depth) throws IOException {
    CommandLimits.checkDepth(depth, capabilities().queueDepthMax());
    return NvmeQueuePair.open(this, openQueuePairs, depth);
  }

  @Override
  public void close() {
    if (openQueuePairs.close()) {
      controller.close();
    }
  }
}
