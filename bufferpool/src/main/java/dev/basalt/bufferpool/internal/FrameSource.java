// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Hands frames to faulting threads. Freeing them is the page provider's job; a thread helps only
 * when the reserve is gone, by evicting a few clean pages, and waits when that was in vain.
 *
 * <p><b>Concurrency.</b> Any thread. One thread helps at a time: {@code isHelping} is a lock that
 * is tried, never waited for.
 */
public final class FrameSource implements AutoCloseable {
  private static final int HELP_PAGES_MAX = 16;
  private static final int HELP_SLOTS = 64;
  private static final int HELP_SLOTS_MAX = 4096;

  private final PoolParts parts;
  private final PageProvider provider;
  private final Evictor evictor;
  private final int helpSlotsMax;
  private final AtomicBoolean isHelping = new AtomicBoolean();

  /**
   * Creates the source.
   *
   * @param parts the pool's parts
   * @param provider woken when frames are low
   */
  public FrameSource(PoolParts parts, PageProvider provider) {
    this.parts = parts;
    this.provider = provider;
    evictor = new Evictor(parts, HELP_PAGES_MAX);
    // Twice round a small pool: the first round marks, the second evicts.
    helpSlotsMax = Math.min(HELP_SLOTS_MAX, 2 * parts.resident().slotCount() + HELP_SLOTS);
  }

  /**
   * Takes a frame, waiting for one if need be.
   *
   * @param pageId the page it is for
   * @return the frame, with the page in the resident set
   * @throws IOException when the pool has failed
   */
  public int take(long pageId) throws IOException {
    FrameReserve frames = parts.frames();
    int frame = frames.tryTake(pageId);
    if (frame == FrameReserve.NONE) {
      parts.counters().stalls.increment();
      frames.noteStall();
      frame = takeSlowly(pageId);
    }
    if (frames.isLow()) {
      provider.wake();
    }
    return frame;
  }

  /** Ends its use, when no thread is inside. */
  @Override
  public void close() {
    evictor.close();
  }

  private int takeSlowly(long pageId) throws IOException {
    int frame;
    do {
      parts.failure().check();
      provider.wake();
      if (help() == 0) {
        parts.frames().await();
      }
      frame = parts.frames().tryTake(pageId);
    } while (frame == FrameReserve.NONE);
    return frame;
  }

  private int help() {
    if (!isHelping.compareAndSet(false, true)) {
      return 0;
    }
    try {
      if (evictor.takePassed(HELP_PAGES_MAX, null) == 0) { // a scan lives on its own frames
        sweep();
      }
      return evictor.drop();
    } finally {
      isHelping.set(false);
    }
  }

  private void sweep() {
    for (int visited = 0;
        visited < helpSlotsMax && evictor.count() < HELP_PAGES_MAX;
        visited += HELP_SLOTS) {
      evictor.sweep(HELP_SLOTS, HELP_PAGES_MAX, null);
    }
  }
}
