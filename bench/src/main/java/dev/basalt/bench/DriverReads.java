// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.CompletionSink;
import dev.basalt.iostack.Devices;
import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.QueuePair;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.linux.CpuAffinity;
import dev.basalt.linux.MappedRegion;
import dev.basalt.linux.VirtualMemory;
import java.io.IOException;
import java.util.BitSet;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Random reads of 4 KiB, the queue kept full: what {@code driver-loop} and others do in C, from
 * Java.
 *
 * <p>Arguments: the device, the depth, and the processor to stay on, if any.
 */
final class DriverReads implements Worker, CompletionSink {
  private static final int READ_BYTES = 4096;
  private static final int POLLS_PER_LOOK = 1_000;

  private final Meter meter = new Meter();
  private int depth;
  private int blocks;
  private long places;
  private long random = 88172645463325252L;
  private int[] idle = {};
  private int idleCount;
  private @Nullable BlockDevice device;
  private @Nullable QueuePair pair;
  private @Nullable MappedRegion memory;

  @Override
  public void prepare(String[] arguments) throws IOException {
    depth = Integer.parseInt(arguments[1]);
    if (arguments.length > 2) {
      BitSet processor = new BitSet();
      processor.set(Integer.parseInt(arguments[2]));
      CpuAffinity.set(processor);
    }
    idle = new int[depth];
    for (int i = 0; i < depth; i++) {
      idle[idleCount++] = i;
    }
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
      for (int poll = 0; poll < POLLS_PER_LOOK; poll++) {
        while (idleCount > 0) {
          int slot = idle[--idleCount];
          random ^= random << 13;
          random ^= random >>> 7;
          random ^= random << 17;
          long lba = Long.remainderUnsigned(random, places) * blocks;
          if (!reads.tryRead(lba, blocks, address + (long) slot * READ_BYTES, slot)) {
            throw new IllegalStateException("queue pair is full");
          }
        }
        reads.submit();
        operations += reads.poll(this, depth);
      }
    }
    return meter.stop(operations);
  }

  @Override
  public void onCompletion(long tag, int status) {
    if (status != IoStatus.SUCCESS) {
      throw new IllegalStateException(IoStatus.describe(status));
    }
    idle[idleCount++] = (int) tag;
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
