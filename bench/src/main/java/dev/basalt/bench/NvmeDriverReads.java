// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.iostack.CompletionSink;
import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.QueuePair;
import dev.basalt.iostack.internal.nvme.NvmeConfig;
import dev.basalt.iostack.internal.nvme.NvmeController;
import dev.basalt.iostack.internal.nvme.NvmeNamespaceDevice;
import dev.basalt.iostack.internal.nvme.NvmeQueuePair;
import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Reads of 4 KiB through the NVMe driver, in batches of the whole depth, from a controller that
 * does nothing ({@link NvmeStub}, whose own cost is in the figures).
 *
 * <p>Arguments: the depth, and {@code pinned} or {@code staged}: with its own DMA memory, or with a
 * copy to any memory.
 */
final class NvmeDriverReads implements Worker, CompletionSink {
  private static final int QUEUE_ID = 1;
  private static final int BATCHES_PER_LOOK = 1_000;

  private final Meter meter = new Meter();
  private int depth;
  private @Nullable NvmeStub stub;
  private @Nullable NvmeNamespaceDevice device;
  private @Nullable QueuePair pair;
  private @Nullable NvmeQueuePair memoryOwner;
  private long memory;
  private long completed;

  @Override
  public void prepare(String[] arguments) throws IOException {
    depth = Integer.parseInt(arguments[0]);
    NvmeStub made = new NvmeStub();
    stub = made;
    NvmeNamespaceDevice opened =
        NvmeNamespaceDevice.open(NvmeController.open(made, NvmeConfig.defaults(), made), 1, "stub");
    device = opened;
    if (arguments[1].equals("pinned")) {
      NvmeQueuePair pinned = opened.openPinned(depth);
      pair = pinned;
      memory = pinned.data().address();
    } else {
      pair = opened.openQueuePair(depth);
      NvmeQueuePair other = opened.openPinned(depth);
      memoryOwner = other;
      memory = other.data().address();
    }
  }

  @Override
  public Sample round(long nanos, int threads) {
    QueuePair reads = Objects.requireNonNull(pair);
    NvmeStub controller = Objects.requireNonNull(stub);
    long start = completed;
    long blocks = Objects.requireNonNull(device).blockCount();
    meter.start();
    long deadline = System.nanoTime() + nanos;
    while (System.nanoTime() < deadline) {
      for (int batch = 0; batch < BATCHES_PER_LOOK; batch++) {
        for (int i = 0; i < depth; i++) {
          if (!reads.tryRead((completed + i) % blocks, 1, memory + 4096L * i, i)) {
            throw new IllegalStateException("queue pair is full");
          }
        }
        reads.submit();
        controller.complete(QUEUE_ID);
        if (reads.poll(this, depth) != depth) {
          throw new IllegalStateException("a command did not complete");
        }
      }
    }
    return meter.stop(completed - start);
  }

  @Override
  public void onCompletion(long tag, int status) {
    if (status != IoStatus.SUCCESS) {
      throw new IllegalStateException(IoStatus.describe(status));
    }
    completed++;
  }

  @Override
  public void close() {
    if (pair != null) {
      pair.close();
    }
    if (memoryOwner != null) {
      memoryOwner.close();
    }
    if (device != null) {
      device.close();
    }
  }
}
