// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.CompletionSink;
import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.QueuePair;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Random reads through one queue pair that this thread owns: the direct mode of the I/O stack.
 *
 * <p>Arguments: the device's URI, bytes of a read, depth.
 */
final class QueuePairReads implements Worker, CompletionSink {
  private static final long SLEEP_NANOS = 1_000_000;

  private final Meter meter = new Meter();
  private final Arena arena = Arena.ofShared();
  private @Nullable BlockDevice device;
  private @Nullable QueuePair queuePair;
  private int readBytes;
  private int lbaCount;
  private long places;
  private long memory;
  private long[] free = {};
  private int freeCount;
  private long completed;
  private long random = 88172645463325252L;

  @Override
  public void prepare(String[] arguments) throws IOException {
    BlockDevice opened = NullDevice.open(arguments[0]);
    device = opened;
    readBytes = Integer.parseInt(arguments[1]);
    int depth = Integer.parseInt(arguments[2]);
    lbaCount = readBytes / opened.capabilities().blockBytes();
    places = opened.blockCount() / lbaCount;
    memory = arena.allocate((long) depth * readBytes, readBytes).address();
    free = new long[depth];
    for (freeCount = 0; freeCount < depth; freeCount++) {
      free[freeCount] = freeCount;
    }
    queuePair = opened.openQueuePair(depth);
  }

  @Override
  public Sample round(long nanos, int threads) {
    QueuePair pair = Objects.requireNonNull(queuePair);
    long start = completed;
    meter.start();
    long deadline = System.nanoTime() + nanos;
    while (System.nanoTime() < deadline) {
      fill(pair);
      pair.submit();
      reap(pair);
    }
    while (pair.inFlight() > 0) {
      reap(pair);
    }
    return meter.stop(completed - start);
  }

  private void fill(QueuePair pair) {
    while (freeCount > 0) {
      random = Records.nextRandom(random);
      long slot = free[--freeCount];
      long lba = Records.below(random, places) * lbaCount;
      if (!pair.tryRead(lba, lbaCount, memory + slot * readBytes, slot)) {
        throw new IllegalStateException("queue pair is full at depth " + pair.inFlight());
      }
    }
  }

  private void reap(QueuePair pair) {
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
    if (queuePair != null) {
      queuePair.close();
    }
    if (device != null) {
      device.close();
    }
    arena.close();
  }
}
