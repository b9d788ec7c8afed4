// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.CompletionSink;
import dev.basalt.iostack.Devices;
import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.QueuePair;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.internal.driver.DriverDevice;
import dev.basalt.iostack.internal.driver.DriverQueuePair;
import dev.basalt.linux.CpuAffinity;
import dev.basalt.linux.MappedRegion;
import dev.basalt.linux.VirtualMemory;
import java.io.IOException;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Random reads of 4 KiB, the queue kept full: what {@code driver-loop} and others do in C, from
 * Java.
 *
 * <p>Arguments: the device, the depth, {@code pinned} or {@code any} (into DMA memory of the
 * device, or any memory), and the processor to stay on, if any.
 */
final class DriverReads implements Worker, CompletionSink {
  private static final int READ_BYTES = 4096;
  private static final int POLLS_PER_LOOK = 1_000;

  static final String PINNED = "pinned";
  static final String ANY = "any";

  /** Of a JVM whose memory is pinned. */
  static final List<String> OPTIONS =
      List.of("--add-exports", "dev.basalt.iostack/dev.basalt.iostack.internal.driver=ALL-UNNAMED");

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
  private long address;

  @Override
  public void prepare(String[] arguments) throws IOException {
    depth = Integer.parseInt(arguments[1]);
    if (arguments.length > 3) {
      BitSet processor = new BitSet();
      processor.set(Integer.parseInt(arguments[3]));
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
    if (arguments[2].equals(PINNED)) {
      DriverQueuePair pinned = ((DriverDevice) opened).openPinned(depth);
      pair = pinned;
      address = pinned.data().address();
    } else {
      pair = opened.openQueuePair(depth);
      MappedRegion any = VirtualMemory.reserve((long) depth * READ_BYTES);
      memory = any;
      address = any.address();
    }
  }

  @Override
  public Sample round(long nanos, int threads) {
    QueuePair reads = Objects.requireNonNull(pair);
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
