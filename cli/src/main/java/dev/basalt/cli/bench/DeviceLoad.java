// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli.bench;

import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.IoException;
import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.QueuePair;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.SplittableRandom;
import org.HdrHistogram.Histogram;

/**
 * Keeps a queue pair of a device full of transfers of one kind, and times each of them from the
 * call that queues it to the poll that delivers it.
 *
 * <p><b>Ownership.</b> Owns a queue pair and one transfer of memory per command in flight; the
 * device stays the caller's.
 *
 * <p><b>Concurrency.</b> Used by one thread, which owns the queue pair.
 */
public final class DeviceLoad implements AutoCloseable {
  private static final int SIGNIFICANT_DIGITS = 3;
  private static final int MEMORY_ALIGNMENT_BYTES = 4096;
  private static final long SLEEP_NANOS = 1_000_000;

  /** Completions between two looks at the clock, at most. */
  private static final int BATCHES_PER_LOOK = 64;

  private final Shape shape;
  private final QueuePair pair;
  private final Arena arena = Arena.ofShared();
  private final long memory;
  private final long blocksPerTransfer;
  private final long transferCount;
  private final long[] startNanos;
  private final int[] idle;
  private final SplittableRandom random = new SplittableRandom(1);
  private int idleCount;
  private long next;
  private long nowNanos;
  private int failedStatus;
  private Histogram latencies = new Histogram(SIGNIFICANT_DIGITS);

  /**
   * What to do.
   *
   * @param isWriting writes, which overwrites the device, or else reads
   * @param isSequential from the first block on, or else at random places
   * @param transferBytes of each command; a multiple of the block size
   * @param depth commands in flight
   */
  public record Shape(boolean isWriting, boolean isSequential, int transferBytes, int depth) {}

  /**
   * Opens a queue pair.
   *
   * @param device what is measured
   * @param shape what to do
   * @throws IOException when the device refuses
   * @throws IllegalArgumentException when the device cannot do it; the message says what it can
   */
  public DeviceLoad(BlockDevice device, Shape shape) throws IOException {
    this.shape = shape;
    int blockBytes = device.capabilities().blockBytes();
    int transferBytesMax = device.capabilities().transferBytesMax();
    if (shape.transferBytes % blockBytes != 0 || shape.transferBytes > transferBytesMax) {
      throw new IllegalArgumentException(
          "transfers of %d bytes, needed: a multiple of %d up to %d"
              .formatted(shape.transferBytes, blockBytes, transferBytesMax));
    }
    int depthMax = device.capabilities().queueDepthMax();
    if (shape.depth > depthMax) {
      throw new IllegalArgumentException("depth " + shape.depth + ", needed: up to " + depthMax);
    }
    blocksPerTransfer = shape.transferBytes / blockBytes;
    transferCount = device.blockCount() / blocksPerTransfer;
    if (transferCount == 0) {
      throw new IllegalArgumentException(
          "the device has " + device.blockCount() + " blocks, needed: " + blocksPerTransfer);
    }
    MemorySegment data =
        arena.allocate((long) shape.depth * shape.transferBytes, MEMORY_ALIGNMENT_BYTES);
    for (long offset = 0; offset + Long.BYTES <= data.byteSize(); offset += Long.BYTES) {
      data.set(ValueLayout.JAVA_LONG, offset, random.nextLong()); // nothing to be compressed
    }
    memory = data.address();
    startNanos = new long[shape.depth];
    idle = new int[shape.depth];
    for (int slot = shape.depth - 1; slot >= 0; slot--) {
      idle[idleCount++] = slot;
    }
    pair = device.openQueuePair(shape.depth);
  }

  /**
   * Runs the load and waits for what is in flight at its end.
   *
   * @param time how long
   * @return what the commands that were begun in that time took, in nanoseconds
   * @throws IoException when a command fails
   */
  public Histogram run(Duration time) throws IoException {
    latencies = new Histogram(SIGNIFICANT_DIGITS);
    nowNanos = System.nanoTime();
    long deadline = nowNanos + time.toNanos();
    while (nowNanos - deadline < 0 && failedStatus == IoStatus.SUCCESS) {
      for (int i = 0; i < BATCHES_PER_LOOK; i++) {
        fill();
        reap();
      }
    }
    while (idleCount < shape.depth) {
      reap();
    }
    if (failedStatus != IoStatus.SUCCESS) {
      String what = shape.isWriting ? "write" : "read";
      throw new IoException(
          what + " failed: " + IoStatus.describe(failedStatus), failedStatus, null);
    }
    return latencies;
  }

  private void fill() {
    nowNanos = System.nanoTime();
    while (idleCount > 0 && failedStatus == IoStatus.SUCCESS) {
      int slot = idle[idleCount - 1];
      long place = shape.isSequential ? next++ % transferCount : random.nextLong(transferCount);
      long address = memory + (long) slot * shape.transferBytes;
      long lba = place * blocksPerTransfer;
      boolean isQueued =
          shape.isWriting
              ? pair.tryWrite(lba, (int) blocksPerTransfer, address, slot)
              : pair.tryRead(lba, (int) blocksPerTransfer, address, slot);
      if (!isQueued) {
        break;
      }
      idleCount--;
      startNanos[slot] = nowNanos;
    }
    pair.submit();
  }

  private void reap() {
    if (pair.poll(this::end, shape.depth) == 0 && idleCount == 0) {
      pair.sleep(SLEEP_NANOS);
    }
  }

  private void end(long tag, int status) {
    int slot = (int) tag;
    latencies.recordValue(System.nanoTime() - startNanos[slot]);
    idle[idleCount++] = slot;
    failedStatus = failedStatus == IoStatus.SUCCESS ? status : failedStatus;
  }

  /** Waits for what is in flight and closes the queue pair. */
  @Override
  public void close() {
    pair.close();
    arena.close();
  }
}
