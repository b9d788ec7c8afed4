// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;

/**
 * What the runs of many seeds have met: the proof that the simulation goes where the bugs are. Any
 * thread adds.
 */
final class SimulationCoverage {
  /** What is counted. */
  enum Event {
    /** Stores opened. */
    OPENINGS,
    /** Openings that had records to recover. */
    RECOVERIES,
    /** Power cuts. */
    POWER_CUTS,
    /** Processes killed, with what the device has not flushed still in its cache. */
    KILLS,
    /** Of these and of the power cuts, those before the store was open. */
    CUTS_IN_RECOVERY,
    /** Of these, those after recovery's checkpoint had begun to write pages. */
    CUTS_IN_RECOVERY_CHECKPOINT,
    /** Power cuts in the life after one that ended with a power cut. */
    CUTS_IN_A_ROW,
    /** Power cuts and kills while the store was being closed. */
    CUTS_IN_CLOSE,
    /** Lives that ended without either. */
    PROCESS_ENDS,
    /** Dirty pages written to make room. */
    DIRTY_EVICTIONS,
    /** Pages read that were written in the same life. */
    PAGES_READ_AGAIN,
    /** Misses that found no free frame. */
    FRAME_STALLS,
    /** Operations that waited for log space. */
    LOG_WAITS,
    /** Checkpoints that nobody asked for. */
    AUTOMATIC_CHECKPOINTS,
    /** Checkpoints before the last one of a recovery. */
    CHECKPOINTS_WITHIN_RECOVERY,
    /** Pages written as an overflow page and before as another, or the other way round. */
    PAGE_REUSES,
    /** Overflow pages written. */
    OVERFLOW_PAGES,
    /** Trees that had lost half of their leaves. */
    SHRINKS,
    /** The most levels of any tree. */
    TREE_HEIGHT,
    /** Leaves split because clients contended for them. */
    CONTENTION_SPLITS,
    /** Pages saved by merges of leaves that were about to be evicted. */
    LEAF_MERGES,
    /** Such merges that were begun and saved nothing. */
    LEAF_MERGES_GIVEN_UP,
    /** Tables created while clients ran. */
    TABLES_UNDER_LOAD,
    /** Operations refused because they are too large for the log. */
    REFUSED_OPERATIONS,
    /** Operations that found the store full. */
    FULL_STORES,
    /** Operations that failed with an I/O error and left the store usable. */
    FAILED_OPERATIONS,
    /** Stores that were poisoned. */
    POISONED_STORES,
    /** Openings that failed with an I/O error. */
    FAILED_OPENINGS
  }

  private final Map<Event, LongAdder> counts = new EnumMap<>(Event.class);

  SimulationCoverage() {
    for (Event event : Event.values()) {
      counts.put(event, new LongAdder());
    }
  }

  void add(Event event, long count) {
    adder(event).add(count);
  }

  /** Raises a maximum. */
  synchronized void raise(Event event, long value) {
    LongAdder adder = adder(event);
    adder.add(Math.max(0, value - adder.sum()));
  }

  long count(Event event) {
    return adder(event).sum();
  }

  private LongAdder adder(Event event) {
    return Objects.requireNonNull(counts.get(event));
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    for (Event event : Event.values()) {
      String name = event.name().toLowerCase(Locale.ROOT).replace('_', ' ');
      text.append(String.format(Locale.ROOT, "  %,12d  %s%n", count(event), name));
    }
    return text.toString();
  }
}
