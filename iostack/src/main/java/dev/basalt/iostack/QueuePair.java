// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

/**
 * A submission and a completion queue of one device, after NVMe's queue pair.
 *
 * <p>Commands are queued by the {@code try...} methods, reach the device with {@link #submit} (one
 * doorbell or one system call for the batch) and come back through {@link #poll}, each exactly
 * once, in any order. Nothing is allocated per command.
 *
 * <p><b>Memory.</b> Addresses are absolute. The memory belongs to the device from the {@code try}
 * call until the command's completion was delivered, whatever the caller does meanwhile; this holds
 * for a cancelled command too. Address and LBA ranges are checked: a command that is misaligned or
 * outside the device throws {@link IllegalArgumentException} and is not queued.
 *
 * <p><b>Concurrency.</b> Each queue pair is used from one thread at a time; the caller ensures it.
 * Only {@link #wake} may be called by any thread.
 */
public interface QueuePair extends AutoCloseable {
  /**
   * Returns how many commands may be in flight.
   *
   * @return the depth, 1 or more
   */
  int depth();

  /**
   * Returns how many commands were queued and not yet delivered by {@link #poll}.
   *
   * @return 0 to {@link #depth}
   */
  int inFlight();

  /**
   * Queues a read.
   *
   * @param lba the first block
   * @param lbaCount blocks to read, 1 to the device's maximum transfer
   * @param address where the data goes; aligned as {@link Capabilities#memoryAlignmentBytes} says
   * @param tag handed back with the completion
   * @return false when the queue is full
   */
  boolean tryRead(long lba, int lbaCount, long address, long tag);

  /**
   * Queues a write; parameters as {@link #tryRead}.
   *
   * @param lba the first block
   * @param lbaCount blocks to write, 1 to the device's maximum transfer
   * @param address where the data is; not to be changed before the completion
   * @param tag handed back with the completion
   * @return false when the queue is full
   */
  boolean tryWrite(long lba, int lbaCount, long address, long tag);

  /**
   * Queues a read of consecutive blocks into several pieces of memory.
   *
   * @param lba the first block
   * @param vector the pieces, each a multiple of the block size; copied before the call returns
   * @param tag handed back with the completion
   * @return false when the queue is full
   */
  boolean tryReadVectored(long lba, IoVector vector, long tag);

  /**
   * Queues a write of consecutive blocks from several pieces of memory.
   *
   * @param lba the first block
   * @param vector the pieces, each a multiple of the block size; copied before the call returns
   * @param tag handed back with the completion
   * @return false when the queue is full
   */
  boolean tryWriteVectored(long lba, IoVector vector, long tag);

  /**
   * Queues a flush: once complete, every write whose completion was delivered before this call is
   * durable. Orders nothing else (NVMe base specification 2.0, section 7.1, Flush).
   *
   * @param tag handed back with the completion
   * @return false when the queue is full
   */
  boolean tryFlush(long tag);

  /**
   * Queues a deallocate: the blocks' content is no longer needed; they read as zeroes or as before
   * until written again.
   *
   * @param lba the first block
   * @param lbaCount how many blocks, 1 or more
   * @param tag handed back with the completion
   * @return false when the queue is full
   */
  boolean tryDeallocate(long lba, long lbaCount, long tag);

  /**
   * Queues a write of zeroes: the blocks read as zeroes afterwards.
   *
   * @param lba the first block
   * @param lbaCount how many blocks, 1 or more
   * @param tag handed back with the completion
   * @return false when the queue is full
   */
  boolean tryWriteZeroes(long lba, long lbaCount, long tag);

  /**
   * Asks the device to end a queued command early. Its completion is still delivered once, as
   * {@link IoStatus#ABORTED} or as if it had not been cancelled.
   *
   * @param tag the tag of the command
   * @return false when no command in flight has this tag or the device cannot cancel
   */
  boolean tryCancel(long tag);

  /** Hands all queued commands to the device. Cheap when there are none. */
  void submit();

  /**
   * Delivers completions.
   *
   * @param sink called once per completion on this thread; it may queue new commands
   * @param max the most completions to deliver, 1 or more
   * @return how many were delivered
   */
  int poll(CompletionSink sink, int max);

  /**
   * Submits what is queued and blocks until a completion may be there, {@link #wake} was called, or
   * about the given time has passed. May return early for no reason.
   *
   * @param nanos the longest wait in nanoseconds, above 0
   */
  void sleep(long nanos);

  /** Ends a {@link #sleep} in progress or the next one. May be called by any thread. */
  void wake();

  /**
   * Waits for the commands in flight, delivers nothing more, and releases the queue pair.
   * Idempotent; any other call afterwards throws {@link IllegalStateException}.
   */
  @Override
  void close();
}
