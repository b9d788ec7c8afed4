// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import dev.basalt.iostack.QueuePair;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.internal.CommandLimits;
import dev.basalt.linux.MappedRegion;
import dev.basalt.linux.NvmeGenericFile;
import dev.basalt.linux.VirtualMemory;
import dev.basalt.linux.host.HostFiles;
import java.io.IOException;

/**
 * A namespace whose controller the kernel's driver has, as a block device: commands go to it past
 * the block layer.
 *
 * <p><b>Ownership.</b> Owns the device's descriptor, and whatever else {@code release} gives up.
 *
 * <p><b>Concurrency.</b> Any thread.
 */
final class NvmeUringDevice extends NamespaceDevice {
  private final Access access;
  private final NvmeUringIdentity identity;
  private final Runnable release;

  /**
   * Makes a device of what is known of it.
   *
   * @param name of back end and device
   * @param access how it is reached
   * @param queue what the kernel's queues take
   * @param identity what controller and namespace say
   * @param release closes the descriptor; called once, when the device is closed
   */
  NvmeUringDevice(
      String name, Access access, KernelQueue queue, NvmeUringIdentity identity, Runnable release) {
    int bytes = (int) Math.min(NvmeCapabilities.TRANSFER_BYTES_MAX, queue.commandBytesMax());
    String polling = access.isPolled ? ", polled" : "";
    String placement = identity.hasPlacement() ? ", flexible data placement" : "";
    super(
        identity.namespace(),
        NvmeCapabilities.of(
            name + polling + placement,
            identity.controller(),
            identity.namespace(),
            new NvmeCapabilities.Limits(bytes, bytes, queue.requestCount())));
    this.access = access;
    this.identity = identity;
    this.release = release;
  }

  /**
   * How a device is reached.
   *
   * @param fd of the generic device
   * @param isPolled whether its queues are those without interrupts
   * @param timeoutMillis how long a command may take
   * @param execution the seam for waits
   */
  record Access(int fd, boolean isPolled, long timeoutMillis, Execution execution) {}

  /** Whether to use queues without interrupts. */
  enum Polling {
    /** Where there are some. */
    AUTO,
    TRUE,
    FALSE;

    /** Decides, for a device of this name. */
    boolean of(KernelQueue queue, String name) throws IOException {
      if (this == TRUE && !queue.hasPollQueues()) {
        throw new IOException(
            name
                + " has no queues that commands can poll: needed are Linux 6.1, and"
                + " nvme.poll_queues=2 on the kernel's command line or 'options nvme poll_queues=2' in /etc/modprobe.d; or open it"
                + " without poll=true");
      }
      return this != FALSE && queue.hasPollQueues();
    }
  }

  /**
   * Opens a namespace.
   *
   * @param file of the namespace; taken over, also when this fails
   * @param polling whether to use queues without interrupts
   * @param config how long commands may take
   * @param execution the seam for waits
   * @return the device, to be closed by the caller
   * @throws IOException when it cannot hold a store; the message says why
   */
  static NvmeUringDevice open(
      NvmeGenericFile file, Polling polling, NvmeConfig config, Execution execution)
      throws IOException {
    boolean isOpen = false;
    try {
      checkTransport(file);
      KernelQueue queue = KernelQueue.read(HostFiles.ofThisHost(), file.diskName());
      int adminMillis = (int) (config.adminNanos() / 1_000_000);
      NvmeUringIdentity identity = NvmeUringIdentity.read(file, queue.isZoned(), adminMillis);
      String fault = identity.namespace().fault();
      if (!fault.isEmpty()) {
        throw new IOException(
            "namespace %d of %s cannot be used: %s".formatted(file.namespaceId(), file, fault));
      }
      Access access =
          new Access(
              file.fd(),
              polling.of(queue, file.toString()),
              config.commandNanos() / 1_000_000,
              execution);
      NvmeUringDevice device =
          new NvmeUringDevice("nvme-uring " + file, access, queue, identity, file::close);
      isOpen = true;
      return device;
    } finally {
      if (!isOpen) {
        file.close();
      }
    }
  }

  /**
   * Over a network a command whose path has failed may still be under way, and land after one that
   * was sent later: to repeat it, as is done here, would be wrong.
   */
  private static void checkTransport(NvmeGenericFile file) throws IOException {
    String attribute = "/sys/class/block/" + file.diskName() + "/device/transport";
    String transport =
        HostFiles.ofThisHost().text(attribute, dev.basalt.linux.host.NvmeController.PCIE);
    if (!transport.equals(dev.basalt.linux.host.NvmeController.PCIE)) {
      throw new IOException(
          "%s is reached over %s, needed: pcie; open it with io_uring:/dev/%s"
              .formatted(file, transport, file.diskName()));
    }
  }

  Access access() {
    return access;
  }

  NvmeUringIdentity identity() {
    return identity;
  }

  @Override
  public QueuePair openQueuePair(int depth) throws IOException {
    CommandLimits.checkDepth(depth, capabilities().queueDepthMax());
    MappedRegion memory =
        VirtualMemory.reserve(
            NvmeUringQueuePair.memoryBytes(depth, capabilities().transferBytesMax()));
    QueuePair pinned = null;
    try {
      pinned = new NvmeUringQueuePair(this, openQueuePairs, depth, memory);
    } finally {
      if (pinned == null) {
        memory.close();
      }
    }
    return stage(pinned, memory.address(), memory::close);
  }

  @Override
  public void close() {
    if (openQueuePairs.close()) {
      release.run();
    }
  }
}
