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

import dev.basalt.iostack.CompletionSink;
import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.IoVector;
import dev.basalt.iostack.QueuePair;
import dev.basalt.linux.DirectFile;
import dev.basalt.linux.Errno;
import dev.basalt.linux.ErrnoException;
import dev.basalt.linux.IoUring;
import dev.basalt.linux.MappedRegion;
import dev.basalt.linux.SubmissionEntry;
import dev.basalt.linux.VirtualMemory;
import org.jspecify.annotations.Nullable;

/**
 * A queue pair over one io_uring. The file is registered; each batch of commands is one
 * io_uring_enter(2), which also has completions posted.
 *
 * <p>Short transfers go on where they stopped; a read that ends at the end of the file is an
 * unwritten block. Zeroes are written by the best of three means the file takes, found out by the
 * first command.
 *
 * <p><b>Ownership.</b> The queue pair owns the ring, the waker and one region of memory that the
 * kernel reads from and writes to: 8 bytes for the waker, zeroes, and a vector per slot. The region
 * is unmapped after the last completion, see {@link #close}.
 *
 * <p><b>Concurrency.</b> The first thread that uses the queue pair owns it, because the kernel
 * binds the ring to it; others get an {@link IllegalStateException}, from Linux 6.1 on. {@link
 * #wake} may be called by any thread, see {@link RingWaker}. {@link #close} may be called by
 * another thread once nothing is in flight.
 */
final class UringQueuePair implements QueuePair {
  private static final int FILE_INDEX = 0;
  private static final int WAKER_INDEX = 1;
  private static final long WAKE = -1;
  private static final long CANCEL = -2;
  private static final int WRITING = 0;
  private static final int CONTINUED = -1;
  private static final long CLOSE_WAIT_NANOS = 100_000_000;

  /** Entries beyond the depth, for the waker and for cancels. */
  private static final int SPARE_ENTRIES = 8;

  private static final int ZEROES_OFFSET = 4096;
  private static final int ZEROES_BYTES = 64 << 10;
  private static final int VECTORS_OFFSET = ZEROES_OFFSET + ZEROES_BYTES;

  private static final long WAKER_READ = SubmissionEntry.head(OP_READ, WAKER_INDEX);
  private static final long CANCEL_HEAD = SubmissionEntry.headWithoutFile(OP_ASYNC_CANCEL);

  private static final int NEW = 0;
  private static final int OPEN = 1;
  private static final int CLOSED = 2;

  private final CommandLimits limits;
  private final OpenQueuePairs openQueuePairs;
  private final UringCommands commands;
  private final IoUring ring;
  private final RingWaker waker;
  private final MappedRegion region;
  private final boolean isBlockDevice;
  private final int readOpcode;
  private final int writeOpcode;

  private int state = NEW;
  private @Nullable Thread owner;
  private boolean isArmed;
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
      int depth,
      @Nullable MappedRegion staging)
      throws ErrnoException {
    this.limits = limits;
    this.openQueuePairs = openQueuePairs;
    isBlockDevice = file.isBlockDevice();
    readOpcode = staging == null ? OP_READ : OP_READ_FIXED;
    writeOpcode = staging == null ? OP_WRITE : OP_WRITE_FIXED;
    commands = new UringCommands(depth);
    region = VirtualMemory.reserve(VECTORS_OFFSET + (long) depth * UringCommands.VECTOR_BYTES);
    try {
      waker = new RingWaker();
    } catch (Throwable e) {
      region.close();
      throw e;
    }
    IoUring opened = null;
    try {
      opened = new IoUring(depth + SPARE_ENTRIES);
      opened.registerFiles(file.fd(), waker.fd());
      if (staging != null) {
        opened.registerBuffers(staging.address(), staging.sizeBytes());
      }
      openQueuePairs.add();
    } catch (Throwable e) {
      if (opened != null) {
        opened.close();
      }
      waker.close();
      region.close();
      throw e;
    }
    ring = opened;
  }

  @Override
  public int depth() {
    return commands.depth();
  }

  @Override
  public int inFlight() {
    return commands.inFlight();
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
  public void submit() {
    checkOwned();
    if (ring.unsubmitted() > 0) {
      enter();
    }
  }

  @Override
  public int poll(CompletionSink sink, int max) {
    checkOwned();
    int delivered = 0;
    boolean mayEnter = true;
    while (delivered < max) {
      long completion = ring.completion();
      if (completion == 0) {
        if (!mayEnter || !(ring.needsEnter() || ring.unsubmitted() > 0)) {
          break;
        }
        mayEnter = false;
        enter();
        continue;
      }
      long userData = IoUring.userData(completion);
      int result = IoUring.result(completion);
      ring.advance();
      int slot = (int) userData;
      int status = slot < 0 ? ownEntry(userData) : settle(slot, result);
      if (status != CONTINUED) {
        long tag = commands.tags[slot];
        commands.release(slot);
        delivered++;
        sink.onCompletion(tag, status);
      }
    }
    return delivered;
  }

  @Override
  public void sleep(long nanos) {
    checkOwned();
    if (ring.completion() != 0 || !waker.tryFallAsleep()) {
      submit();
      return;
    }
    try {
      arm();
      check(ring.await(nanos));
    } finally {
      waker.awake();
    }
  }

  @Override
  public void wake() {
    waker.wake();
  }

  /**
   * Waits for the commands in flight. Memory stays reserved when the owner still lives, is another
   * thread and has a read of the waker armed: the kernel ends that some time after the ring, so its
   * 8 bytes are not given back.
   */
  @Override
  public void close() {
    if (state == CLOSED) {
      return;
    }
    if (Thread.currentThread().equals(owner)) {
      drain();
    } else if (inFlight() > 0 && owner != null && owner.isAlive()) {
      throw new IllegalStateException(
          inFlight() + " commands are in flight; only " + owner.getName() + " can wait for them");
    }
    state = CLOSED;
    waker.close();
    ring.close();
    if (!isArmed || (owner != null && !owner.isAlive())) {
      region.close();
    }
    openQueuePairs.remove();
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
    commands.addresses[slot] =
        region.address() + VECTORS_OFFSET + (long) slot * UringCommands.VECTOR_BYTES;
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

  /** Looks at what the kernel says of a command: its status, or CONTINUED when it goes on. */
  private int settle(int slot, int result) {
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
    commands.addresses[slot] = region.address() + ZEROES_OFFSET;
    commands.expected[slot] = (int) Math.min(commands.left[slot], ZEROES_BYTES);
    queue(slot);
  }

  private int ownEntry(long userData) {
    if (userData == WAKE) {
      isArmed = false;
    }
    return CONTINUED;
  }

  private void arm() {
    if (!isArmed) {
      isArmed = true;
      queue(WAKER_READ, 0, region.address(), Long.BYTES, WAKE);
    }
  }

  private void drain() {
    while (inFlight() > 0) {
      check(ring.await(CLOSE_WAIT_NANOS));
      discard();
    }
    if (isArmed) {
      waker.signal();
    }
    while (isArmed) {
      check(ring.await(CLOSE_WAIT_NANOS));
      discard();
    }
  }

  private void discard() {
    for (long entry = ring.completion(); entry != 0; entry = ring.completion()) {
      long userData = IoUring.userData(entry);
      int result = IoUring.result(entry);
      ring.advance();
      int slot = (int) userData;
      int status = slot < 0 ? ownEntry(userData) : settle(slot, result);
      if (status != CONTINUED) {
        commands.release(slot);
      }
    }
  }

  private void enter() {
    check(ring.submit());
  }

  /** Commands the kernel did not take now stay queued for the next time. */
  private void check(int result) {
    switch (-result) {
      case Errno.ETIME, Errno.EINTR, Errno.EAGAIN, Errno.EBUSY -> {}
      case Errno.EEXIST -> throw new IllegalStateException("queue pair is owned by " + owner);
      default -> {
        if (result < 0) {
          throw new IllegalStateException(
              new ErrnoException("io_uring_enter(" + ring.mode() + ")", -result));
        }
      }
    }
  }

  private void checkOwned() {
    if (state != OPEN) {
      own();
    }
  }

  private void own() {
    if (state == CLOSED) {
      throw new IllegalStateException("queue pair is closed");
    }
    try {
      ring.enable();
    } catch (ErrnoException e) {
      throw new IllegalStateException(e);
    }
    owner = Thread.currentThread();
    state = OPEN;
  }
}
