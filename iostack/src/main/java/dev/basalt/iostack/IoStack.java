// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.internal.CallerReads;
import dev.basalt.iostack.internal.IoCommand;
import dev.basalt.iostack.internal.Poller;
import java.io.IOException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Blocking I/O on one block device for any number of threads, virtual ones too. Thousands of plain
 * blocking calls become queue depth: each call travels through a poller's ring, and its thread
 * parks until the completion. Where the device has {@link BlockReader}s, a read by a platform
 * thread, or of memory, is one system call of that thread instead.
 *
 * <p>Nothing is allocated per call. Memory handed in belongs to the device until the call returns,
 * however it returns; an interrupt does not end a call, and its status is kept. A call for which
 * all requests are in use waits for room.
 *
 * <p>A thread that can poll by itself opens a queue pair of its own ({@link #openQueuePair}) and
 * saves two thread switches per batch.
 *
 * <p><b>Concurrency.</b> All methods may be called by any thread.
 */
public final class IoStack implements AutoCloseable {
  private final BlockDevice device;
  private final Poller[] pollers;
  private final @Nullable CallerReads callerReads;
  private final FlushLedger flushes;
  private final int transferBlocksMax;
  private final int blockBytes;

  private IoStack(
      BlockDevice device,
      Poller[] pollers,
      @Nullable CallerReads callerReads,
      FlushLedger flushes) {
    Capabilities capabilities = device.capabilities();
    this.flushes = flushes;
    this.device = device;
    this.pollers = pollers;
    this.callerReads = callerReads;
    blockBytes = capabilities.blockBytes();
    transferBlocksMax = capabilities.transferBytesMax() / blockBytes;
  }

  /**
   * Starts the pollers of a device.
   *
   * @param device the device; stays the caller's, who closes it after the stack
   * @param config how many pollers, and how deep
   * @param execution the seam that runs the pollers and makes callers wait
   * @return the running stack, to be closed by the caller
   * @throws IOException when a queue pair cannot be opened
   */
  public static IoStack start(BlockDevice device, IoStackConfig config, Execution execution)
      throws IOException {
    int depth = Math.min(config.queueDepth(), device.capabilities().queueDepthMax());
    Poller[] pollers = new Poller[config.pollerCount()];
    CallerReads callerReads =
        config.callerReads() ? CallerReads.open(device, CallerReads.READER_COUNT, execution) : null;
    IoStack stack = null;
    int started = 0;
    try {
      while (started < pollers.length) {
        Poller poller = new Poller(device.openQueuePair(depth), config.ringSize(), execution);
        pollers[started++] = poller;
        poller.start("io-poller-" + (started - 1));
      }
      stack = new IoStack(device, pollers, callerReads, new FlushLedger(execution));
      return stack;
    } finally {
      if (stack == null) {
        close(pollers, started, callerReads);
      }
    }
  }

  private static void close(Poller[] pollers, int count, @Nullable CallerReads callerReads) {
    if (callerReads != null) {
      callerReads.close();
    }
    for (int i = 0; i < count; i++) {
      pollers[i].close();
    }
  }

  /**
   * Reads consecutive blocks.
   *
   * @param lba the first block
   * @param lbaCount how many, 1 or more; more than the device's maximum transfer become several
   *     commands, one after the other
   * @param address where the data goes; aligned as {@link Capabilities#memoryAlignmentBytes} says
   * @throws IoException when the device reports an error; the memory's content is undefined then
   * @throws IllegalArgumentException when a parameter is misaligned or outside the device
   * @throws IllegalStateException when the stack is closed
   */
  public void read(long lba, int lbaCount, long address) throws IoException {
    transfer(IoCommand.READ, lba, lbaCount, address);
  }

  /**
   * Writes consecutive blocks. Durable after a {@link #flush} only, where the device has a volatile
   * write cache.
   *
   * @param lba the first block
   * @param lbaCount how many, 1 or more; more than the device's maximum transfer become several
   *     commands, one after the other
   * @param address where the data is; not to be changed until the call returns
   * @throws IoException when the device reports an error; the blocks' content is undefined then
   * @throws IllegalArgumentException when a parameter is misaligned or outside the device
   * @throws IllegalStateException when the stack is closed
   */
  public void write(long lba, int lbaCount, long address) throws IoException {
    transfer(IoCommand.WRITE, lba, lbaCount, address);
  }

  /**
   * Reads consecutive blocks into several pieces of memory with one command.
   *
   * @param lba the first block
   * @param vector the pieces, together at most the device's maximum transfer; not to be changed
   *     until the call returns
   * @throws IoException when the device reports an error; the memory's content is undefined then
   * @throws IllegalArgumentException when a parameter is misaligned or outside the device
   * @throws IllegalStateException when the stack is closed
   */
  public void readVectored(long lba, IoVector vector) throws IoException {
    vectored(IoCommand.READ_VECTORED, lba, vector);
  }

  /**
   * Writes consecutive blocks from several pieces of memory with one command.
   *
   * @param lba the first block
   * @param vector the pieces, together at most the device's maximum transfer; they and their memory
   *     are not to be changed until the call returns
   * @throws IoException when the device reports an error; the blocks' content is undefined then
   * @throws IllegalArgumentException when a parameter is misaligned or outside the device
   * @throws IllegalStateException when the stack is closed
   */
  public void writeVectored(long lba, IoVector vector) throws IoException {
    vectored(IoCommand.WRITE_VECTORED, lba, vector);
  }

  /**
   * Makes every write durable whose call returned before this one.
   *
   * @throws IoException when this flush or any other of the device has failed, now or ever: what
   *     was written since the last one that did not may be lost
   * @throws IllegalStateException when the stack is closed
   */
  public void flush() throws IoException {
    long ticket = flushes.begin();
    int status = IoStatus.INTERNAL_ERROR; // unless it is known
    try {
      execute(IoCommand.FLUSH, 0, 0, 0, null);
      status = IoStatus.SUCCESS;
    } catch (IoException e) {
      status = e.status();
      throw e;
    } finally {
      flushes.end(ticket, status);
    }
    flushes.awaitSettled(flushes.mark());
    if (flushes.hasFailed()) {
      int failed = flushes.failedStatus();
      throw new IoException(
          "flush does not count, because another one of the device has failed: "
              + IoStatus.describe(failed),
          failed,
          null);
    }
  }

  /**
   * Returns the ledger of the device's flushes, for owners of queue pairs who flush.
   *
   * @return the ledger
   */
  public FlushLedger flushes() {
    return flushes;
  }

  /**
   * Gives up the content of blocks: they read as zeroes or as before until written again.
   *
   * @param lba the first block
   * @param lbaCount how many, 1 or more
   * @throws IoException when the device reports an error
   * @throws IllegalArgumentException when the blocks are outside the device
   * @throws IllegalStateException when the stack is closed
   */
  public void deallocate(long lba, long lbaCount) throws IoException {
    execute(IoCommand.DEALLOCATE, lba, lbaCount, 0, null);
  }

  /**
   * Writes zeroes.
   *
   * @param lba the first block
   * @param lbaCount how many, 1 or more
   * @throws IoException when the device reports an error; the blocks' content is undefined then
   * @throws IllegalArgumentException when the blocks are outside the device
   * @throws IllegalStateException when the stack is closed
   */
  public void writeZeroes(long lba, long lbaCount) throws IoException {
    execute(IoCommand.WRITE_ZEROES, lba, lbaCount, 0, null);
  }

  /**
   * Opens a queue pair for a thread that submits and polls by itself.
   *
   * @param depth the most commands in flight, 1 to the device's limit
   * @return the queue pair, to be closed by the caller before the device
   * @throws IOException when the device or the kernel refuses
   */
  public QueuePair openQueuePair(int depth) throws IOException {
    return device.openQueuePair(depth);
  }

  /**
   * Returns the device under this stack.
   *
   * @return the device
   */
  public BlockDevice device() {
    return device;
  }

  /**
   * Tells whether it is worth while to have several reads under way at a time.
   *
   * @return false where the calling thread reads by itself and waits for nothing, as from memory
   */
  public boolean readsMayWait() {
    return callerReads == null || callerReads.mayWait();
  }

  /**
   * Returns what all pollers, and callers in their place, have done.
   *
   * @return a snapshot
   */
  public IoStackStatistics statistics() {
    IoStackStatistics sum = new IoStackStatistics(0, 0, 0, 0, 0, 0, 0);
    for (Poller poller : pollers) {
      sum = sum.plus(poller.statistics());
    }
    return callerReads == null ? sum : sum.plus(callerReads.statistics());
  }

  /**
   * Sets who is told when a poller has failed, so that calls fail for ever.
   *
   * @param listener called with the cause, perhaps more than once; must not wait
   */
  public void whenFailed(Consumer<Throwable> listener) {
    for (Poller poller : pollers) {
      poller.whenFailed(listener);
    }
  }

  /**
   * Lets the calls under way end, then ends the pollers. Later calls throw {@link
   * IllegalStateException}. Leaves the device and queue pairs opened directly alone. Idempotent.
   */
  @Override
  public void close() {
    close(pollers, pollers.length, callerReads);
  }

  private void transfer(IoCommand command, long lba, int lbaCount, long address)
      throws IoException {
    int done = 0;
    do {
      int count = Math.min(lbaCount - done, transferBlocksMax);
      execute(command, lba + done, count, address + (long) done * blockBytes, null);
      done += count;
    } while (done < lbaCount);
  }

  private void vectored(IoCommand command, long lba, IoVector vector) throws IoException {
    execute(command, lba, vector.totalBytes() / blockBytes, 0, vector);
  }

  private void execute(
      IoCommand command, long lba, long lbaCount, long address, @Nullable IoVector vector)
      throws IoException {
    if (command == IoCommand.READ
        && callerReads != null
        && callerReads.tryRead(lba, (int) lbaCount, address)) {
      return;
    }
    pollers[pollerOf(lba)].execute(command, lba, lbaCount, address, vector);
  }

  /** Chosen by block, not by thread: the simulation's trace must not depend on thread ids. */
  private int pollerOf(long lba) {
    return pollers.length == 1 ? 0 : Math.floorMod(lba * 0x9E3779B97F4A7C15L >> 32, pollers.length);
  }
}
