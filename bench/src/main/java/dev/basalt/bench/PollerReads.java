// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.IoStack;
import dev.basalt.iostack.IoStackConfig;
import dev.basalt.iostack.agent.Execution;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.concurrent.atomic.LongAdder;

/**
 * Random blocking reads from virtual threads through one poller.
 *
 * <p><b>Concurrency.</b> Used by one thread, which starts the others.
 */
final class PollerReads implements AutoCloseable {
  private static final int THREADS_MAX = 10_000;
  private static final int RING_SIZE = 1 << 14;

  private final Meter meter = new Meter();
  private final Arena arena = Arena.ofShared();
  private final LongAdder completed = new LongAdder();
  private final IoStack stack;
  private final int readBytes;
  private final int lbaCount;
  private final long places;
  private final long memory;

  PollerReads(BlockDevice device, int readBytes, int depth) throws IOException {
    this.readBytes = readBytes;
    lbaCount = readBytes / device.capabilities().blockBytes();
    places = device.blockCount() / lbaCount;
    memory = arena.allocate((long) THREADS_MAX * readBytes, readBytes).address();
    stack =
        IoStack.start(device, new IoStackConfig(1, depth, RING_SIZE, false), Execution.threads());
  }

  /** Reads for some time from some threads. */
  Sample round(long nanos, int threads) throws IOException {
    completed.reset();
    meter.start();
    long deadline = System.nanoTime() + nanos;
    CallerThreads.run(threads, index -> read(index, deadline));
    return meter.stop(completed.sum()).withAllocatedBytes(Sample.UNKNOWN);
  }

  private void read(int thread, long deadline) throws IOException {
    long random = Records.key(thread + 1L);
    long address = memory + (long) thread * readBytes;
    long count = 0;
    while (System.nanoTime() < deadline) {
      random = Records.nextRandom(random);
      stack.read(Records.below(random, places) * lbaCount, lbaCount, address);
      count++;
    }
    completed.add(count);
  }

  @Override
  public void close() {
    stack.close();
    arena.close();
  }
}
