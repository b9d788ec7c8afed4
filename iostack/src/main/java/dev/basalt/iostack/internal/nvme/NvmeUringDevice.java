// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import static dev.basalt.iostack.internal.nvme.NvmeAbi.*;

import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.Capabilities;
import dev.basalt.iostack.QueuePair;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.internal.CommandLimits;
import dev.basalt.iostack.internal.OpenQueuePairs;
import dev.basalt.iostack.internal.StagingQueuePair;
import dev.basalt.linux.ErrnoException;
import dev.basalt.linux.MappedRegion;
import dev.basalt.linux.NvmeGenericFile;
import dev.basalt.linux.VirtualMemory;
import dev.basalt.linux.host.HostFiles;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A namespace whose controller the kernel's driver has, as a block device: commands go to it past
 * the block layer.
 *
 * <p><b>Ownership.</b> Owns the generic device, and with it lock and claim.
 *
 * <p><b>Concurrency.</b> Any thread.
 */
final class NvmeUringDevice implements BlockDevice {
  private final OpenQueuePairs openQueuePairs = new OpenQueuePairs();
  private final NvmeGenericFile file;
  private final Settings settings;
  private final ControllerIdentity controller;
  private final NamespaceIdentity namespace;
  private final CommandSetIdentity commandSet;
  private final Capabilities capabilities;

  private NvmeUringDevice(NvmeGenericFile file, KernelQueue queue, Settings settings)
      throws IOException {
    this.file = file;
    this.settings = settings;
    int id = file.namespaceId();
    try (Arena arena = Arena.ofConfined()) {
      controller = ControllerIdentity.of(identify(CNS_CONTROLLER, 0, arena));
      namespace =
          NamespaceIdentity.of(
              id, identify(CNS_NAMESPACE, id, arena), commandSetNumber(queue, arena));
      commandSet = commandSetIdentity(arena);
    }
    String fault = namespace.fault();
    if (!fault.isEmpty()) {
      throw new IOException("namespace %d of %s cannot be used: %s".formatted(id, file, fault));
    }
    int bytes = (int) Math.min(NvmeCapabilities.TRANSFER_BYTES_MAX, queue.commandBytesMax());
    String how = settings.isPolled ? ", polled" : "";
    capabilities =
        NvmeCapabilities.of(
            "nvme-uring " + file + how,
            controller,
            namespace,
            new NvmeCapabilities.Limits(bytes, bytes, queue.requestCount()));
  }

  /**
   * How a device is used.
   *
   * @param isPolled whether its queues are those without interrupts
   * @param config how long commands may take
   * @param execution the seam for waits
   */
  record Settings(boolean isPolled, NvmeConfig config, Execution execution) {}

  /** Whether to use queues without interrupts. */
  enum Polling {
    /** Where there are some. */
    AUTO,
    TRUE,
    FALSE
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
      KernelQueue queue = KernelQueue.read(HostFiles.ofThisHost(), file.diskName());
      boolean isPolled = queue.hasPollQueues() && polling != Polling.FALSE;
      if (polling == Polling.TRUE && !isPolled) {
        throw new IOException(
            file
                + " has no queues to poll: give the driver some, nvme.poll_queues=2 on the kernel's"
                + " command line or 'options nvme poll_queues=2' in /etc/modprobe.d, or open it"
                + " without poll=true");
      }
      NvmeUringDevice device =
          new NvmeUringDevice(file, queue, new Settings(isPolled, config, execution));
      isOpen = true;
      return device;
    } finally {
      if (!isOpen) {
        file.close();
      }
    }
  }

  NvmeGenericFile file() {
    return file;
  }

  Settings settings() {
    return settings;
  }

  ControllerIdentity controller() {
    return controller;
  }

  NamespaceIdentity namespace() {
    return namespace;
  }

  CommandSetIdentity commandSet() {
    return commandSet;
  }

  @Override
  public Capabilities capabilities() {
    return capabilities;
  }

  @Override
  public long blockCount() {
    return namespace.blockCount();
  }

  @Override
  public void grow(long blockCountMin) throws IOException {
    openQueuePairs.checkOpen();
    namespace.requireBlocks(blockCountMin, capabilities);
  }

  @Override
  public QueuePair openQueuePair(int depth) throws IOException {
    CommandLimits.checkDepth(depth, capabilities.queueDepthMax());
    int slotBytes = capabilities.transferBytesMax();
    MappedRegion memory = VirtualMemory.reserve(NvmeUringQueuePair.memoryBytes(depth, slotBytes));
    boolean isOpen = false;
    try {
      QueuePair pinned = new NvmeUringQueuePair(this, openQueuePairs, depth, memory);
      QueuePair staged =
          new StagingQueuePair(
              pinned, memory.address(), new CommandLimits(this), slotBytes, memory::close);
      isOpen = true;
      return staged;
    } finally {
      if (!isOpen) {
        memory.close();
      }
    }
  }

  @Override
  public void close() {
    if (openQueuePairs.close()) {
      file.close();
    }
  }

  /** Before version 1.3 controllers do not tell, and only root may ask: else the kernel knows. */
  private int commandSetNumber(KernelQueue queue, Arena arena) throws IOException {
    try {
      return NamespaceIdentity.commandSet(
          identify(CNS_NAMESPACE_DESCRIPTORS, file.namespaceId(), arena));
    } catch (NvmeException | ErrnoException _) {
      return queue.isZoned()
          ? NamespaceIdentity.COMMAND_SET_ZONED
          : NamespaceIdentity.COMMAND_SET_NVM;
    }
  }

  /** Before version 2.0 controllers do not tell. */
  private CommandSetIdentity commandSetIdentity(Arena arena) throws ErrnoException {
    try {
      return CommandSetIdentity.of(identify(CNS_COMMAND_SET_CONTROLLER, 0, arena));
    } catch (NvmeException _) {
      return CommandSetIdentity.UNKNOWN;
    }
  }

  private MemorySegment identify(int structure, int id, Arena arena)
      throws ErrnoException, NvmeException {
    MemorySegment data = arena.allocate(IDENTIFY_BYTES, PAGE_BYTES);
    int millis = (int) (settings.config.adminNanos() / 1_000_000);
    int status = file.admin(ADMIN_IDENTIFY, id, structure, data, millis).status();
    if (status != 0) {
      throw NvmeException.refused(ADMIN_IDENTIFY, id, structure, NvmeStatus.ofField(status));
    }
    return data;
  }
}
