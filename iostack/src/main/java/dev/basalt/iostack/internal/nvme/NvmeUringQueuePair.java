// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import static dev.basalt.iostack.internal.nvme.NvmeAbi.*;

import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.internal.CommandLimits;
import dev.basalt.iostack.internal.ErrnoStatus;
import dev.basalt.iostack.internal.OpenQueuePairs;
import dev.basalt.iostack.internal.RingQueuePair;
import dev.basalt.iostack.internal.TransferMemory;
import dev.basalt.iostack.nvme.ControllerIdentity;
import dev.basalt.linux.Errno;
import dev.basalt.linux.ErrnoException;
import dev.basalt.linux.IoUring;
import dev.basalt.linux.KernelInfo;
import dev.basalt.linux.MappedRegion;
import dev.basalt.linux.NvmeCommandAbi;
import dev.basalt.linux.SubmissionEntry;

/**
 * A queue pair for a namespace whose controller the kernel's driver has: NVMe commands through an
 * io_uring. Takes addresses within its staging memory only; {@code StagingQueuePair} over it takes
 * any.
 *
 * <p>Each staging slot is a registered buffer of its own: the kernel counts the pages from where a
 * transfer begins to the end of its buffer, and refuses more than the device takes at once. Kernels
 * that know no registered buffers for commands (before 6.1), or cannot use part of one (before 6.12
 * and some of their updates, "invalid argument"), get plain addresses: they then find the pages of
 * each command anew.
 *
 * <p><b>When the controller does not answer.</b> The kernel's driver aborts what is late, and
 * resets the controller if that does not help. Commands it takes back end with EINTR.
 *
 * <p><b>Ownership.</b> The memory stays its opener's, who frees it after {@link #close}.
 *
 * <p><b>Concurrency.</b> That of {@link RingQueuePair}.
 */
final class NvmeUringQueuePair extends RingQueuePair implements PinnedQueuePair {
  private static final System.Logger LOG = System.getLogger(NvmeUringQueuePair.class.getName());
  private static final long HEAD = SubmissionEntry.head(SubmissionEntry.OP_URING_CMD, FILE_INDEX);
  private static final int ZEROES_BYTES = 16 << 10;
  private static final int NONE = -1;

  private final CommandLimits limits;
  private final NvmeCommands commands;
  private final NvmeEntryWriter writer;
  private final Layout layout;
  private final long timeoutMillis;
  private final ControllerIdentity controller;

  /** Whether the present command of a slot names a registered buffer. */
  private final boolean[] isFixed;

  private boolean usesFixed;

  /** Buffer of the command being written. */
  private int bufferIndex;

  /**
   * Opens a queue pair that nobody owns yet.
   *
   * @param memory of {@link #memoryBytes}
   */
  NvmeUringQueuePair(
      NvmeUringDevice device, OpenQueuePairs openQueuePairs, int depth, MappedRegion memory)
      throws ErrnoException {
    CommandLimits checks = new CommandLimits(device);
    int blockShift = Integer.numberOfTrailingZeros(checks.blockBytes());
    int slotBytes = device.capabilities().transferBytesMax();
    NvmeCommands slots = new NvmeCommands(depth, blockShift);
    Layout parts = new Layout(memory.address(), depth, slotBytes);
    super(
        slots,
        openQueuePairs,
        device.access().execution(),
        device.access().isPolled() ? IoUring.Kind.POLLED_COMMANDS : IoUring.Kind.COMMANDS,
        device.access().fd(),
        0,
        parts.buffers());
    limits = checks;
    commands = slots;
    layout = parts;
    timeoutMillis = device.access().timeoutMillis();
    controller = device.identity().controller();
    isFixed = new boolean[depth];
    usesFixed = ring.hasFixedCommands();
    writer =
        new NvmeEntryWriter(
            slots,
            NvmeEntryWriter.Target.of(
                device.namespace(), slotBytes >> blockShift, device.identity().commandSet()),
            new NvmeEntryWriter.Memory(
                parts.zeroes(), parts.zeroesBytes(), parts.ranges(), RANGE_BYTES),
            this::pointTo);
  }

  /** Returns how much memory a queue pair needs. */
  static long memoryBytes(int depth, int slotBytes) {
    return new Layout(0, depth, slotBytes).sizeBytes();
  }

  /**
   * The memory of a queue pair: staging slots, zeroes, and a range of dataset management for each
   * slot. Each slot, the zeroes and the ranges are a registered buffer each.
   */
  private record Layout(long address, int depth, int slotBytes) {
    int zeroesBytes() {
      return Math.min(ZEROES_BYTES, slotBytes);
    }

    long zeroes() {
      return address + (long) depth * slotBytes;
    }

    long ranges() {
      return zeroes() + zeroesBytes();
    }

    long sizeBytes() {
      return ranges() + (long) depth * RANGE_BYTES - address;
    }

    long[] buffers() {
      long[] buffers = new long[2 * (depth + 2)];
      for (int i = 0; i < depth; i++) {
        buffers[2 * i] = address + (long) i * slotBytes;
        buffers[2 * i + 1] = slotBytes;
      }
      buffers[2 * depth] = zeroes();
      buffers[2 * depth + 1] = zeroesBytes();
      buffers[2 * depth + 2] = ranges();
      buffers[2 * depth + 3] = (long) depth * RANGE_BYTES;
      return buffers;
    }

    int bufferIndex(long of) {
      return of < zeroes() ? (int) (of - address) / slotBytes : of < ranges() ? depth : depth + 1;
    }

    boolean isInSlot(long from, int lengthBytes) {
      return from >= address
          && from < zeroes()
          && (from - address) % slotBytes + lengthBytes <= slotBytes;
    }
  }

  @Override
  public ControllerIdentity controllerIdentity() {
    return controller;
  }

  @Override
  public boolean tryFlush(long tag) {
    checkOwned();
    return queued(commands.tryTake(FLUSH, 0, 0, 0, tag));
  }

  /** Returns false: what is with the driver is aborted only when it takes too long. */
  @Override
  public boolean tryCancel(long tag) {
    checkOwned();
    return false;
  }

  @Override
  public String toString() {
    return "NVMe queue pair through io_uring (%s, %s), %d of %d"
        .formatted(
            ring.mode(), usesFixed ? "registered buffers" : "plain addresses", inFlight(), depth());
  }

  @Override
  protected int settle(int slot, int result) {
    if (result == 0 && !commands.finishPart(slot)) {
      return IoStatus.SUCCESS;
    }
    if (result == -Errno.EINVAL && isFixed[slot]) {
      giveUpFixed();
    } else if (result != 0) {
      return result > 0 ? NvmeStatus.ofField(result) : failure(slot, -result);
    }
    queue(slot);
    return CONTINUED;
  }

  private void giveUpFixed() {
    if (usesFixed) {
      usesFixed = false;
      LOG.log(
          System.Logger.Level.WARNING,
          "Linux {0} refuses a command in a registered buffer (before 6.12 it may not use part of"
              + " one): plain addresses from here on",
          KernelInfo.release());
    }
  }

  private int failure(int slot, int errno) {
    return switch (errno) {
      case Errno.EINTR -> IoStatus.ABORTED_BY_RESET;
      case Errno.ENODEV -> IoStatus.withErrno(NvmeNamespaceDevice.LOST, errno);
      default -> ErrnoStatus.of(errno, commands.opcodes[slot] == READ);
    };
  }

  @Override
  public boolean tryTransfer(int opcode, long lba, int lbaCount, long address, long tag) {
    checkOwned();
    int lengthBytes = limits.checkTransfer(lba, lbaCount, address);
    if (!layout.isInSlot(address, lengthBytes)) {
      throw new IllegalArgumentException(
          "memory at 0x%x, %d bytes, needed: within a staging slot of this queue pair"
              .formatted(address, lengthBytes));
    }
    return queued(commands.tryTake(opcode, lba, lbaCount, address, tag));
  }

  @Override
  public boolean tryRange(int opcode, long lba, long lbaCount, long tag) {
    checkOwned();
    limits.checkBlocks(lba, lbaCount);
    return queued(commands.tryTake(opcode, lba, opcode == FLUSH ? 0 : lbaCount, 0, tag));
  }

  private boolean queued(int slot) {
    if (slot >= 0) {
      queue(slot);
    }
    return slot >= 0;
  }

  /** Queues the next command of a slot; there is room, as a slot has one entry at most. */
  private void queue(int slot) {
    long entry = ring.tryCommand();
    bufferIndex = NONE;
    writer.write(slot, 0, entry);
    TransferMemory.putLong(entry + NvmeCommandAbi.TIMEOUT_OFFSET, timeoutMillis);
    isFixed[slot] = usesFixed && bufferIndex != NONE;
    int flags = isFixed[slot] ? SubmissionEntry.URING_CMD_FIXED : 0;
    ring.queueCommand(
        HEAD, NvmeCommandAbi.URING_COMMAND, flags, isFixed[slot] ? bufferIndex : 0, slot);
  }

  private void pointTo(int slot, long entry, long address, int lengthBytes) {
    bufferIndex = layout.bufferIndex(address);
    TransferMemory.putLong(entry + NvmeCommandAbi.ADDRESS_OFFSET, address);
    // The length of metadata, none, is in the lower half.
    TransferMemory.putLong(
        entry + NvmeCommandAbi.LENGTH_OFFSET - Integer.BYTES, (long) lengthBytes << 32);
  }
}
