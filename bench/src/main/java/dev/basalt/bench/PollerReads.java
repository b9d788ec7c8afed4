// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.IoStack;
import dev.basalt.iostack.IoStackConfig;
import dev.basalt.iostack.agent.Execution;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Random blocking reads from virtual threads through one poller.
 *
 * <p>Arguments: the device's URI, bytes of a read, depth.
 */
final class PollerReads implements Worker {
  private static final int THREADS_MAX = 10_000;
  private static final int RING_SIZE = 1 << 14;

  private final Meter meter = new Meter();
  private final Arena arena = Arena.ofShared();
  private final LongAdder completed = new LongAdder();
  private @Nullable BlockDevice device;
  private @Nullable IoStack stack;
  private int readBytes;
  private int lbaCount;
  private long places;
  private long memory;

  @Override
  public void prepare(String[] arguments) throws IOException {
    BlockDevice opened = NullDevice.open(arguments[0]);
    device = opened;
    readBytes = Integer.parseInt(arguments[1]);
    lbaCount = readBytes / opened.capabilities().blockBytes();
    places = opened.blockCount() / lbaCount;
    memory = arena.allocate((long) THREADS_MAX * readBytes, readBytes).address();
    int depth = Integer.parseInt(arguments[2]);
    stack = IoStack.start(opened, new IoStackConfig(1, depth, RING_SIZE), Execution.threads());
  }

  @Override
  public Sample round(long nanos, int threads) throws IOException {
    IoStack reads = Objects.requireNonNull(stack);
    completed.reset();
    meter.start();
    long deadline = System.nanoTime() + nanos;
    VirtualThreads.run(threads, index -> read(reads, index, deadline));
    return meter.stop(completed.sum()).withAllocatedBytes(Sample.UNKNOWN);
  }

  private void read(IoStack reads, int thread, long deadline) throws IOException {
    long random = Records.key(thread + 1L);
    long address = memory + (long) thread * readBytes;
    long count = 0;
    while (System.nanoTime() < deadline) {
      random = Records.nextRandom(random);
      reads.read(Records.below(random, places) * lbaCount, lbaCount, address);
      count++;
    }
    completed.add(count);
  }

  @Override
  public void close() {
    if (stack != null) {
      stack.close();
    }
    if (device != null) {
      device.close();
    }
    arena.close();
  }
}
