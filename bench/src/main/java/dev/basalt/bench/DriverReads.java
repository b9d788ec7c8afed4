// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.CompletionSink;
import dev.basalt.iostack.Devices;
import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.QueuePair;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.linux.MappedRegion;
import dev.basalt.linux.VirtualMemory;
import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Random reads of 4 KiB in batches of the whole depth, each batch waited for: what {@code
 * driver-loop} of the drivers in C does, from Java.
 *
 * <p>Arguments: the device, and the depth.
 */
final class DriverReads implements Worker, CompletionSink {
  private static final int READ_BYTES = 4096;
  private static final int BATCHES_PER_LOOK = 1_000;

  private final Meter meter = new Meter();
  private int depth;
  private int blocks;
  private long places;
  private long random = 88172645463325252L;
  private @Nullable BlockDevice device;
  private @Nullable QueuePair pair;
  private @Nullable MappedRegion memory;

  @Override
  public void prepare(String[] arguments) throws IOException {
    depth = Integer.parseInt(arguments[1]);
    BlockDevice opened = Devices.open(arguments[0], Execution.threads());
    device = opened;
    blocks = READ_BYTES / opened.capabilities().blockBytes();
    places = opened.blockCount() / blocks;
    pair = opened.openQueuePair(depth);
    memory = VirtualMemory.reserve((long) depth * READ_BYTES);
  }

  @Override
  public Sample round(long nanos, int threads) {
    QueuePair reads = Objects.requireNonNull(pair);
    long address = Objects.requireNonNull(memory).address();
    long operations = 0;
    meter.start();
    long deadline = System.nanoTime() + nanos;
    while (System.nanoTime() < deadline) {
      for (int batch = 0; batch < BATCHES_PER_LOOK; batch++) {
        for (int i = 0; i < depth; i++) {
          random ^= random << 13;
          random ^= random >>> 7;
          random ^= random << 17;
          long lba = Long.remainderUnsigned(random, places) * blocks;
          if (!reads.tryRead(lba, blocks, address + (long) i * READ_BYTES, i)) {
            throw new IllegalStateException("queue pair is full");
          }
        }
        reads.submit();
        int completed = 0;
        while (completed < depth) {
          completed += reads.poll(this, depth);
        }
        operations += depth;
      }
    }
    return meter.stop(operations);
  }

  @Override
  public void onCompletion(long tag, int status) {
    if (status != IoStatus.SUCCESS) {
      throw new IllegalStateException(IoStatus.describe(status));
    }
  }

  @Override
  public void close() {
    if (pair != null) {
      pair.close();
    }
    if (memory != null) {
      memory.close();
    }
    if (device != null) {
      device.close();
    }
  }
}
