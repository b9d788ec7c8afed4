// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

import static dev.basalt.linux.SubmissionEntry.OP_ASYNC_CANCEL;
import static dev.basalt.linux.SubmissionEntry.OP_FALLOCATE;
import static dev.basalt.linux.SubmissionEntry.OP_FSYNC;
import static dev.basalt.linux.SubmissionEntry.OP_READ;
import static dev.basalt.linux.SubmissionEntry.OP_READV;
import static dev.basalt.linux.SubmissionEntry.OP_READ_FIXED;
import static dev.basalt.linux.SubmissionEntry.OP_WRITE;
import static dev.basalt.linux.SubmissionEntry.OP_WRITEV;
import static dev.basalt.linux.SubmissionEntry.OP_WRITE_FIXED;

import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.IoVector;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.linux.DirectFile;
import dev.basalt.linux.Errno;
import dev.basalt.linux.ErrnoException;
import dev.basalt.linux.IoUring;
import dev.basalt.linux.MappedRegion;
import dev.basalt.linux.SubmissionEntry;
import org.jspecify.annotations.Nullable;

/**
 * A queue pair over one io_uring, for a file or disk.
 *
 * <p>Short transfers go on where they stopped; a read that ends at the end of the file is an
 * unwritten block. Zeroes are written by the best of three means the file takes, found out by the
 * first command.
 *
 * <p><b>Ownership.</b> The memory it asks of {@link RingQueuePair} is zeroes, and a vector per
 * slot.
 */
final class UringQueuePair extends RingQueuePair {
  private static final long CANCEL = -2;
  private static final int WRITING = 0;
  private static final int ZEROES_BYTES = 64 << 10;
  private static final long CANCEL_HEAD = SubmissionEntry.headWithoutFile(OP_ASYNC_CANCEL);

  private final CommandLimits limits;
  private final UringCommands commands;
  private final boolean isBlockDevice;
  private final int readOpcode;
  private final int writeOpcode;
  private int zeroMode = DirectFile.ZERO_RANGE;

  /**
   * Opens a queue pair that nobody owns yet.
   *
   * @param staging memory to register, which then is the only memory of transfers, or null
   */
  UringQueuePair(
      DirectFile file,
      CommandLimits limits,
      OpenQueuePairs openQueuePairs,
      Execution execution,
      int depth,
      @Nullable MappedRegion staging)
      throws ErrnoException {
    UringCommands slots = new UringCommands(depth);
    super(
        slots,
        openQueuePairs,
        execution,
        IoUring.Kind.FILES,
        file.fd(),
        ZEROES_BYTES + (long) depth * UringCommands.VECTOR_BYTES,
        staging == null ? new long[0] : new long[] {staging.address(), staging.sizeBytes()});
    this.limits = limits;
    commands = slots;
    isBlockDevice = file.isBlockDevice();
    readOpcode = staging == null ? OP_READ : OP_READ_FIXED;
    writeOpcode = staging == null ? OP_WRITE : OP_WRITE_FIXED;
  }

  @Override
  public boolean tryRead(long lba, int lbaCount, long address, long tag) {
    return tryTransfer(readOpcode, lba, lbaCount, address, tag);
  }

  @Override
  public boolean tryWrite(long lba, int lbaCount, long address, long tag) {
    return tryTransfer(writeOpcode, lba, lbaCount, address, tag);
  }

  @Override
  public boolean tryReadVectored(long lba, IoVector vector, long tag) {
    return tryVectored(OP_READV, lba, vector, tag);
  }

  @Override
  public boolean tryWriteVectored(long lba, IoVector vector, long tag) {
    return tryVectored(OP_WRITEV, lba, vector, tag);
  }

  @Override
  public boolean tryFlush(long tag) {
    checkOwned();
    return tryQueue(OP_FSYNC, 0, 0, 0, tag) >= 0;
  }

  @Override
  public boolean tryDeallocate(long lba, long lbaCount, long tag) {
    checkOwned();
    limits.checkBlocks(lba, lbaCount);
    return tryQueueRange(DirectFile.PUNCH_HOLE, false, lba, lbaCount, tag);
  }

  @Override
  public boolean tryWriteZeroes(long lba, long lbaCount, long tag) {
    checkOwned();
    limits.checkBlocks(lba, lbaCount);
    return tryQueueRange(zeroMode, true, lba, lbaCount, tag);
  }

  @Override
  public boolean tryCancel(long tag) {
    checkOwned();
    int slot = commands.find(tag);
    if (slot < 0) {
      return false;
    }
    // An address field of a cancel is the user data of the command, which is its slot.
    queue(CANCEL_HEAD, 0, slot, 0, CANCEL);
    return true;
  }

  @Override
  public String toString() {
    return "io_uring queue pair (" + ring.mode() + "), " + inFlight() + " of " + depth();
  }

  private boolean tryTransfer(int opcode, long lba, int lbaCount, long address, long tag) {
    checkOwned();
    int lengthBytes = limits.checkTransfer(lba, lbaCount, address);
    int slot = tryQueue(opcode, lba * limits.blockBytes(), address, lengthBytes, tag);
    return slot >= 0;
  }

  private boolean tryVectored(int opcode, long lba, IoVector vector, long tag) {
    checkOwned();
    int lengthBytes = limits.checkVector(lba, vector);
    int slot = commands.tryTake(opcode, lba * limits.blockBytes(), 0, lengthBytes, tag);
    if (slot < 0) {
      return false;
    }
    commands.addresses[slot] = memory() + ZEROES_BYTES + (long) slot * UringCommands.VECTOR_BYTES;
    commands.copy(slot, vector);
    queue(slot);
    return true;
  }

  private boolean tryQueueRange(int mode, boolean isZeroing, long lba, long lbaCount, long tag) {
    long offset = lba * limits.blockBytes();
    int slot = commands.tryTake(OP_FALLOCATE, offset, mode, 0, tag);
    if (slot < 0) {
      return false;
    }
    commands.left[slot] = lbaCount * limits.blockBytes();
    commands.isZeroing[slot] = isZeroing;
    if (mode == WRITING) {
      writeNextZeroes(slot);
    } else {
      queue(slot);
    }
    return true;
  }

  private int tryQueue(int opcode, long offset, long address, int lengthBytes, long tag) {
    int slot = commands.tryTake(opcode, offset, address, lengthBytes, tag);
    if (slot >= 0) {
      queue(slot);
    }
    return slot;
  }

  /** Queues what a slot has to do. */
  private void queue(int slot) {
    int opcode = commands.opcodes[slot];
    long head = SubmissionEntry.head(opcode, FILE_INDEX);
    long offset = commands.offsets[slot];
    long address = commands.addresses[slot];
    switch (opcode) {
      case OP_READV, OP_WRITEV -> queue(head, offset, address, commands.pieceCount(slot), slot);
      case OP_FSYNC ->
          queue(
              head, 0, 0, SubmissionEntry.lengthAndFlags(0, SubmissionEntry.FSYNC_DATASYNC), slot);
      // The length is in the address field and the mode in the length field.
      case OP_FALLOCATE -> queue(head, offset, commands.left[slot], address, slot);
      default -> queue(head, offset, address, commands.expected[slot], slot);
    }
  }

  private void queue(long head, long offset, long address, long lengthAndFlags, long userData) {
    while (!ring.tryQueue(head, offset, address, lengthAndFlags, userData)) {
      enter(); // only many cancels can fill the ring: a slot has one entry at most
    }
  }

  @Override
  protected int settle(int slot, int result) {
    if (result == commands.expected[slot] && commands.left[slot] == 0) {
      return IoStatus.SUCCESS;
    }
    return commands.opcodes[slot] == OP_FALLOCATE
        ? settleRange(slot, result)
        : settleTransfer(slot, result);
  }

  private int settleTransfer(int slot, int result) {
    int opcode = commands.opcodes[slot];
    boolean isRead = opcode == OP_READ || opcode == OP_READ_FIXED || opcode == OP_READV;
    if (result < 0) {
      return ErrnoStatus.of(-result, isRead);
    }
    // Direct reads end within a block only at the end of the file.
    if (isRead && (result == 0 || result % limits.blockBytes() != 0)) {
      return IoStatus.UNWRITTEN_BLOCK;
    }
    if (result == 0) {
      return IoStatus.WRITE_FAULT;
    }
    if (commands.left[slot] > 0) {
      return settleZeroes(slot, result);
    }
    commands.advance(slot, result);
    queue(slot);
    return CONTINUED;
  }

  private int settleZeroes(int slot, int result) {
    commands.offsets[slot] += result;
    commands.left[slot] -= result;
    if (commands.left[slot] == 0) {
      return IoStatus.SUCCESS;
    }
    writeNextZeroes(slot);
    return CONTINUED;
  }

  private int settleRange(int slot, int result) {
    if (result == 0) {
      return IoStatus.SUCCESS;
    }
    if (result != -Errno.EOPNOTSUPP && result != -Errno.ENODEV) {
      return ErrnoStatus.of(-result, false);
    }
    if (!commands.isZeroing[slot]) {
      return IoStatus.SUCCESS; // a hint: the blocks stay as they were, which is allowed
    }
    int refused = (int) commands.addresses[slot];
    // A hole in a file reads as zeroes; of a block device only the explicit command promises it.
    int next = refused == DirectFile.ZERO_RANGE && !isBlockDevice ? DirectFile.PUNCH_HOLE : WRITING;
    zeroMode = zeroMode == refused ? next : zeroMode;
    if (next == WRITING) {
      writeNextZeroes(slot);
    } else {
      commands.addresses[slot] = next;
      queue(slot);
    }
    return CONTINUED;
  }

  private void writeNextZeroes(int slot) {
    commands.opcodes[slot] = OP_WRITE;
    commands.addresses[slot] = memory();
    commands.expected[slot] = (int) Math.min(commands.left[slot], ZEROES_BYTES);
    queue(slot);
  }
}
