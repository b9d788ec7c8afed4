// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import java.util.concurrent.atomic.LongAdder;

/** What the pool has done, counted off the hot path. Any thread adds; sums are approximate. */
public final class PoolCounters {
  /** Pages faulted in by a caller. */
  public final LongAdder misses = new LongAdder();

  /** Pages read by callers and by prefetch, successfully or not. */
  public final LongAdder pagesRead = new LongAdder();

  /** Pages that prefetch brought in. */
  public final LongAdder pagesPrefetched = new LongAdder();

  /** The commands of prefetch. */
  public final LongAdder prefetchCommands = new LongAdder();

  /** Pages handed to the device. */
  public final LongAdder pagesWritten = new LongAdder();

  /** Write commands. */
  public final LongAdder writeCommands = new LongAdder();

  /** Pages evicted. */
  public final LongAdder pagesDropped = new LongAdder();

  /** Misses that found no free frame. */
  public final LongAdder stalls = new LongAdder();

  /** Waits for a latch or for a page being read. */
  public final LongAdder latchWaits = new LongAdder();

  /** Creates counters at zero. */
  public PoolCounters() {}
}
