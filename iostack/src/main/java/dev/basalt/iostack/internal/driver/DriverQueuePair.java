// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.driver;

import static dev.basalt.spdk.NativeCommands.COMMAND_BYTES;
import static dev.basalt.spdk.NativeCommands.COMPLETION_BYTES;
import static dev.basalt.spdk.NativeCommands.DEALLOCATE;
import static dev.basalt.spdk.NativeCommands.FLUSH;
import static dev.basalt.spdk.NativeCommands.PIECE_BYTES;
import static dev.basalt.spdk.NativeCommands.READ;
import static dev.basalt.spdk.NativeCommands.WRITE;
import static dev.basalt.spdk.NativeCommands.WRITE_ZEROES;

import dev.basalt.iostack.CompletionSink;
import dev.basalt.iostack.IoVector;
import dev.basalt.iostack.QueuePair;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.internal.CommandLimits;
import dev.basalt.iostack.internal.CommandSlots;
import dev.basalt.iostack.internal.OpenQueuePairs;
import dev.basalt.iostack.internal.QueueSleep;
import dev.basalt.linux.ErrnoException;
import dev.basalt.linux.MappedRegion;
import dev.basalt.linux.VirtualMemory;
import dev.basalt.spdk.NativeCommands;
import dev.basalt.spdk.NativeDevice;
import dev.basalt.spdk.NativeQueue;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A queue pair over a queue of a driver in C: commands are written to an array, and each batch is
 * one call; completions come back in another array. With DMA memory of its own it takes addresses
 * within that only; {@code StagingQueuePair} over it takes any.
 *
 * <p><b>Ownership.</b> Owns the queue, one region of memory with the two arrays and a scatter list
 * for each command in flight, and the DMA memory.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time, but for {@link #wake}.
 */
public final class DriverQueuePair implements QueuePair {
  private static final CompletionSink NOBODY = (_, _) -> {};

  /** With commands in flight, when closed. */
  private static final long NAP_NANOS = 50_000;

  private static final int LIST_BYTES = IoVector.CAPACITY_MAX * PIECE_BYTES;

  private final NativeDevice device;
  private final NativeQueue queue;
  private final OpenQueuePairs openQueuePairs;
  private final CommandLimits limits;
  private final Slots slots;
  private final MappedRegion region;
  private final long commands;
  private final long completions;
  private final long lists;
  private final QueueSleep sleep;
  private final NativeDevice.@Nullable Memory data;
  private final long alignmentMask;
  private final int pieceCountMax;

  /** Commands in the array that were not taken yet. */
  private int unsubmitted;

  /** Completions in the array, and how many of them were delivered. */
  private int fetched;

  private int delivered;

  private boolean isPolling;
  private boolean isClosed;

  /** The tags of the commands in flight, and which there are. */
  private static final class Slots extends CommandSlots {
    private final boolean[] isInFlight;

    Slots(int depth) {
      super(depth);
      isInFlight = new boolean[depth];
    }

    int take(long tag) {
      int slot = tryTake(tag);
      if (slot >= 0) {
        isInFlight[slot] = true;
      }
      return slot;
    }

    @Override
    public void release(int slot) {
      isInFlight[slot] = false;
      super.release(slot);
    }

    boolean has(long slot) {
      return slot >= 0 && slot < depth() && isInFlight[(int) slot];
    }
  }

  private DriverQueuePair(
      DriverDevice device, OpenQueuePairs openQueuePairs, Size size, Execution execution)
      throws IOException {
    int depth = size.depth;
    this.device = device.device();
    this.openQueuePairs = openQueuePairs;
    limits = new CommandLimits(device);
    slots = new Slots(depth);
    sleep = new QueueSleep(execution, null);
    long commandBytes = (long) depth * COMMAND_BYTES;
    long completionBytes = (long) depth * COMPLETION_BYTES;
    region = VirtualMemory.reserve(commandBytes + completionBytes + (long) depth * LIST_BYTES);
    commands = region.address();
    completions = commands + commandBytes;
    lists = completions + completionBytes;
    alignmentMask = this.device.info().memoryAlignmentBytes() - 1L;
    pieceCountMax = Math.min(this.device.info().pieceCountMax(), IoVector.CAPACITY_MAX);
    boolean isReady = false;
    NativeDevice.Memory memory = null;
    try {
      memory = size.dataBytes > 0 ? this.device.allocate(size.dataBytes) : null;
      queue = this.device.openQueue(depth);
      isReady = true;
    } finally {
      if (!isReady) {
        free(memory);
        region.close();
      }
    }
    data = memory;
  }

  /**
   * What a queue pair is to hold.
   *
   * @param depth the most commands in flight; checked
   * @param dataBytes of DMA memory, which commands are then confined to; or 0
   */
  record Size(int depth, long dataBytes) {}

  /** Opens a queue. */
  static DriverQueuePair open(
      DriverDevice device, OpenQueuePairs openQueuePairs, Size size, Execution execution)
      throws IOException {
    openQueuePairs.add();
    DriverQueuePair opened = null;
    try {
      opened = new DriverQueuePair(device, openQueuePairs, size, execution);
      return opened;
    } finally {
      if (opened == null) {
        openQueuePairs.remove();
      }
    }
  }

  /**
   * Returns memory that commands may use: as many maximum transfers as the queue is deep.
   *
   * @return the memory, which stays the queue pair's and is freed when that is closed
   * @throws IllegalStateException when it was opened without, or is closed
   */
  public NativeDevice.Memory data() {
    checkOpen();
    if (data == null) {
      throw new IllegalStateException(this + " has no memory of its own");
    }
    return data;
  }

  @Override
  public int depth() {
    return slots.depth();
  }

  @Override
  public int inFlight() {
    return slots.inFlight();
  }

  @Override
  public boolean tryRead(long lba, int lbaCount, long address, long tag) {
    checkOpen();
    checkData(address, limits.checkTransfer(lba, lbaCount, address));
    return tryQueue(READ, lba, lbaCount, address, tag);
  }

  @Override
  public boolean tryWrite(long lba, int lbaCount, long address, long tag) {
    checkOpen();
    checkData(address, limits.checkTransfer(lba, lbaCount, address));
    return tryQueue(WRITE, lba, lbaCount, address, tag);
  }

  @Override
  public boolean tryReadVectored(long lba, IoVector vector, long tag) {
    return tryVectored(READ, lba, vector, tag);
  }

  @Override
  public boolean tryWriteVectored(long lba, IoVector vector, long tag) {
    return tryVectored(WRITE, lba, vector, tag);
  }

  @Override
  public boolean tryFlush(long tag) {
    checkOpen();
    return tryQueue(FLUSH, 0, 0, 0, tag);
  }

  @Override
  public boolean tryDeallocate(long lba, long lbaCount, long tag) {
    checkOpen();
    limits.checkBlocks(lba, lbaCount);
    return tryQueue(DEALLOCATE, lba, lbaCount, 0, tag);
  }

  @Override
  public boolean tryWriteZeroes(long lba, long lbaCount, long tag) {
    checkOpen();
    limits.checkBlocks(lba, lbaCount);
    return tryQueue(WRITE_ZEROES, lba, lbaCount, 0, tag);
  }

  /** Returns false: drivers have no way to end a command early. */
  @Override
  public boolean tryCancel(long tag) {
    checkOpen();
    return false;
  }

  @Override
  public void submit() {
    checkOpen();
    if (unsubmitted > 0) {
      try {
        int taken = queue.submit(commands, unsubmitted);
        unsubmitted -= taken;
        if (taken > 0 && unsubmitted > 0) {
          NativeCommands.keep(commands, taken, unsubmitted);
        }
      } catch (ErrnoException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  @Override
  public int poll(CompletionSink sink, int max) {
    submit();
    boolean isOuter = !isPolling;
    isPolling = true;
    try {
      fetch(max);
      int count = 0;
      while (count < max && delivered < fetched) { // one that throws leaves the rest for later
        count++;
        deliver(completions + (long) delivered++ * COMPLETION_BYTES, sink);
      }
      return count;
    } finally {
      isPolling = !isOuter;
    }
  }

  /** Fetches completions when all that were fetched before are delivered. */
  private void fetch(int max) {
    if (delivered == fetched && inFlight() > 0) {
      delivered = 0;
      fetched = 0;
      try {
        fetched = queue.poll(completions, Math.min(max, depth()));
      } catch (ErrnoException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private void deliver(long completion, CompletionSink sink) {
    long slot = NativeCommands.tag(completion);
    if (!slots.has(slot)) {
      throw new IllegalStateException(
          "the driver has completed command " + slot + ", which is not");
    }
    int status = NativeCommands.status(completion);
    slots.release((int) slot);
    sink.onCompletion(slots.tag((int) slot), status);
  }

  @Override
  public void sleep(long nanos) {
    submit();
    sleep.sleep(nanos, inFlight() > 0, () -> true); // only a poll tells
  }

  @Override
  public void wake() {
    sleep.wake();
  }

  /** Waits for the commands in flight. */
  @Override
  public void close() {
    if (isClosed) {
      return;
    }
    if (isPolling) {
      throw new IllegalStateException("a completion's receiver cannot close the queue pair");
    }
    while (inFlight() > 0) {
      if (poll(NOBODY, depth()) == 0) {
        sleep(NAP_NANOS);
      }
    }
    isClosed = true;
    queue.close();
    region.close();
    free(data);
    openQueuePairs.remove(); // last: from now on the device may be closed
  }

  private void free(NativeDevice.@Nullable Memory memory) {
    if (memory != null) {
      device.free(memory);
    }
  }

  @Override
  public String toString() {
    return "queue pair of a driver in C, " + inFlight() + " of " + depth();
  }

  private boolean tryVectored(int opcode, long lba, IoVector vector, long tag) {
    checkOpen();
    int lengthBytes = limits.checkVector(lba, vector);
    checkPieces(vector);
    int slot = slots.take(tag);
    if (slot < 0) {
      return false;
    }
    long list = lists + (long) slot * LIST_BYTES;
    for (int i = 0; i < vector.count(); i++) {
      NativeCommands.setPiece(
          list + (long) i * PIECE_BYTES, vector.address(i), vector.lengthBytes(i));
    }
    int lbaCount = lengthBytes / limits.blockBytes();
    NativeCommands.set(next(), opcode, lba, lbaCount, list, vector.count(), slot);
    return true;
  }

  private void checkPieces(IoVector vector) {
    if (vector.count() > pieceCountMax) {
      throw new IllegalArgumentException(
          "a vector of %d pieces, needed: at most %d for this driver"
              .formatted(vector.count(), pieceCountMax));
    }
    for (int i = 0; i < vector.count(); i++) {
      checkData(vector.address(i), vector.lengthBytes(i));
    }
  }

  private void checkData(long address, int lengthBytes) {
    if (data != null && (!data.contains(address, lengthBytes) || (address & alignmentMask) != 0)) {
      throw new IllegalArgumentException(
          "memory at 0x%x, %d bytes, needed: within the DMA memory of this queue pair, aligned to %d"
              .formatted(address, lengthBytes, alignmentMask + 1));
    }
  }

  private boolean tryQueue(int opcode, long lba, long lbaCount, long address, long tag) {
    int slot = slots.take(tag);
    if (slot >= 0) {
      NativeCommands.set(next(), opcode, lba, lbaCount, address, slot);
    }
    return slot >= 0;
  }

  /** Returns where the next command goes: there is room for all that may be in flight. */
  private long next() {
    return commands + (long) unsubmitted++ * COMMAND_BYTES;
  }

  private void checkOpen() {
    if (isClosed) {
      throw new IllegalStateException("queue pair is closed");
    }
  }
}
