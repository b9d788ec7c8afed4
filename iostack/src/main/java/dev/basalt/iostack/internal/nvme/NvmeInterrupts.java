// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import dev.basalt.iostack.internal.RingWaker;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The interrupts of a controller's queue pairs (MSI-X, through eventfd): vector n is that of queue
 * pair n. The admin queue, vector 0, is polled, and so are queue pairs beyond the vectors.
 *
 * <p>A queue pair's interrupts and whoever wakes its owner signal the same counter. All of them are
 * made at the start, for queue pairs that may come: older kernels take no further ones later.
 *
 * <p><b>Ownership.</b> Owns the counters; closed after the bus, because a device must not signal
 * what is another's by then.
 *
 * <p><b>Concurrency.</b> Immutable.
 */
final class NvmeInterrupts implements AutoCloseable {
  private static final int VECTORS_MAX = 65;

  /** Of the command that creates a completion queue (section 5.4, figure 158). */
  private static final int ENABLED = 1 << 1;

  private final List<RingWaker> wakers = new ArrayList<>();

  private NvmeInterrupts() {}

  /** Returns no interrupts: all queue pairs are polled. */
  static NvmeInterrupts none() {
    return new NvmeInterrupts();
  }

  /** Has them set up for {@code queueCount} queue pairs, or as many as have vectors. */
  static NvmeInterrupts open(NvmeBus bus, int queueCount) throws IOException {
    int count = Math.min(Math.min(bus.interruptCount(), VECTORS_MAX), queueCount + 1);
    if (count < 2) {
      throw NvmeException.refused(
          "the controller has %d interrupts (MSI-X), needed: 2; open it without interrupts=true"
              .formatted(bus.interruptCount()));
    }
    NvmeInterrupts interrupts = new NvmeInterrupts();
    boolean isSet = false;
    try {
      int[] eventFds = new int[count];
      eventFds[0] = -1;
      for (int vector = 1; vector < count; vector++) {
        RingWaker waker = new RingWaker();
        interrupts.wakers.add(waker);
        eventFds[vector] = waker.fd();
      }
      bus.setInterrupts(eventFds);
      isSet = true;
      return interrupts;
    } finally {
      if (!isSet) {
        interrupts.close();
      }
    }
  }

  /** Returns what interrupts of a queue pair signal, or null where it is polled. */
  @Nullable RingWaker waker(int queueId) {
    return queueId <= wakers.size() ? wakers.get(queueId - 1) : null;
  }

  /** Returns what to say of them when the completion queue is created. */
  int flags(int queueId) {
    return waker(queueId) == null ? 0 : ENABLED | queueId << 16;
  }

  @Override
  public void close() {
    wakers.forEach(RingWaker::close);
  }
}
