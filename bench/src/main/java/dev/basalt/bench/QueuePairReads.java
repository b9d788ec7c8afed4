// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.CompletionSink;
import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.QueuePair;
import java.io.IOException;
import java.lang.foreign.Arena;

/**
 * Random reads through one queue pair that this thread owns: the direct mode of the I/O stack.
 *
 * <p><b>Concurrency.</b> Used by one thread.
 */
final class QueuePairReads implements CompletionSink, AutoCloseable {
  private static final long SLEEP_NANOS = 1_000_000;

  private final Meter meter = new Meter();
  private final Arena arena = Arena.ofShared();
  private final QueuePair pair;
  private final int readBytes;
  private final int lbaCount;
  private final long places;
  private final long memory;
  private final long[] free;
  private int freeCount;
  private long completed;
  private long random = 88172645463325252L;

  QueuePairReads(BlockDevice device, int readBytes, int depth) throws IOException {
    this.readBytes = readBytes;
    lbaCount = readBytes / device.capabilities().blockBytes();
    places = device.blockCount() / lbaCount;
    memory = arena.allocate((long) depth * readBytes, readBytes).address();
    free = new long[depth];
    for (freeCount = 0; freeCount < depth; freeCount++) {
      free[freeCount] = freeCount;
    }
    pair = device.openQueuePair(depth);
  }

  /** Reads for some time. */
  Sample round(long nanos) {
    long start = completed;
    meter.start();
    long deadline = System.nanoTime() + nanos;
    while (System.nanoTime() < deadline) {
      fill();
      pair.submit();
      reap();
    }
    while (pair.inFlight() > 0) {
      reap();
    }
    return meter.stop(completed - start);
  }

  private void fill() {
    while (freeCount > 0) {
      random = Records.nextRandom(random);
      long slot = free[--freeCount];
      long lba = Records.below(random, places) * lbaCount;
      if (!pair.tryRead(lba, lbaCount, memory + slot * readBytes, slot)) {
        throw new IllegalStateException("queue pair is full at depth " + pair.inFlight());
      }
    }
  }

  private void reap() {
    if (pair.poll(this, free.length) == 0) {
      pair.sleep(SLEEP_NANOS);
    }
  }

  @Override
  public void onCompletion(long tag, int status) {
    if (status != IoStatus.SUCCESS) {
      throw new IllegalStateException("read failed: " + IoStatus.describe(status));
    }
    free[freeCount++] = tag;
    completed++;
  }

  @Override
  public void close() {
    pair.close();
    arena.close();
  }
}
