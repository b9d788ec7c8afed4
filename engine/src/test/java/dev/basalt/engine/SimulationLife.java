// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import dev.basalt.engine.SimulationCoverage.Event;
import dev.basalt.iostack.sim.SimulationPlan;
import org.jspecify.annotations.Nullable;

/**
 * What is known of one life of a simulated store, from its opening to its end. Used by the holder
 * of the baton, and by the thread that ran the simulation once it is over.
 */
final class SimulationLife {
  /** Where the store is in its life. */
  enum Phase {
    OPENING,
    RUNNING,
    CLOSING,
    CLOSED
  }

  /**
   * What a life is like.
   *
   * @param device how the device behaves
   * @param hasErrors whether commands fail, so that operations may
   * @param config how the store is opened
   * @param operations of each client
   * @param deletePercent how many changes are deletes
   */
  record Draw(
      SimulationPlan device,
      boolean hasErrors,
      StoreConfig config,
      int operations,
      int deletePercent) {}

  final Draw draw;
  final SimulationShape shape;
  final SimulationJournal journal;
  final SimulationCoverage coverage;
  Phase phase = Phase.OPENING;

  /** Pages that checkpoints have written so far. */
  long pagesWrittenByCheckpoints;

  /** Checkpoints that clients have asked for. */
  long checkpointsRequested;

  private boolean isPoisoned;
  private long checkpointsAtOpen;
  private @Nullable StoreStatistics last;

  SimulationLife(
      Draw draw, SimulationShape shape, SimulationJournal journal, SimulationCoverage coverage) {
    this.draw = draw;
    this.shape = shape;
    this.journal = journal;
    this.coverage = coverage;
  }

  /** Notes that opening, closing or an operation has failed, which it may where commands fail. */
  void failed(StoreException e) {
    if (!draw.hasErrors) {
      throw e;
    }
    isPoisoned |= e instanceof StorePoisonedException;
    if (phase == Phase.OPENING) {
      coverage.add(Event.FAILED_OPENINGS, 1);
    } else if (!isPoisoned) {
      coverage.add(Event.FAILED_OPERATIONS, 1);
    }
  }

  /** Notes that the store is open. */
  void opened(Store store) {
    phase = Phase.RUNNING;
    sample(store);
    checkpointsAtOpen = counter("log.checkpoints");
    coverage.add(Event.OPENINGS, 1);
    if (counter("log.recoveredRecords") > 0) {
      coverage.add(Event.RECOVERIES, 1);
      coverage.add(Event.CHECKPOINTS_WITHIN_RECOVERY, Math.max(0, checkpointsAtOpen - 1));
    }
  }

  /** Notes that the store is about to be closed. */
  void closing() {
    phase = Phase.CLOSING;
  }

  /** Notes that the store is closed, or could not be opened. */
  void closed() {
    phase = Phase.CLOSED;
  }

  /** Looks at the store's counters, and at its limits. */
  void sample(Store store) {
    StoreStatistics statistics = store.statistics();
    last = statistics;
    SimulationCheck.require(
        counter("pool.resident") <= counter("pool.frames"), "too many pages are in memory");
  }

  /**
   * Adds what was seen, when the simulation is over.
   *
   * @param isCut whether it was ended from outside
   * @param isKill whether, in that case, the device keeps its power
   * @param wasCut whether the life before ended with a power cut
   */
  void end(boolean isCut, boolean isKill, boolean wasCut) {
    if (isCut) {
      coverage.add(isKill ? Event.KILLS : Event.POWER_CUTS, 1);
      coverage.add(Event.CUTS_IN_A_ROW, wasCut && !isKill ? 1 : 0);
      coverage.add(Event.CUTS_IN_CLOSE, phase == Phase.CLOSING ? 1 : 0);
      if (phase == Phase.OPENING) {
        coverage.add(Event.CUTS_IN_RECOVERY, 1);
        coverage.add(Event.CUTS_IN_RECOVERY_CHECKPOINT, pagesWrittenByCheckpoints > 0 ? 1 : 0);
      }
    } else {
      coverage.add(Event.PROCESS_ENDS, 1);
    }
    coverage.add(Event.POISONED_STORES, isPoisoned ? 1 : 0);
    if (last != null) {
      coverage.add(Event.LOG_WAITS, counter("log.spaceWaits"));
      coverage.add(Event.FRAME_STALLS, counter("pool.stalls"));
      coverage.add(Event.CONTENTION_SPLITS, counter("index.contentionSplits"));
      coverage.add(Event.LEAF_MERGES, counter("index.merges"));
      coverage.add(Event.LEAF_MERGES_GIVEN_UP, counter("index.mergesGivenUp"));
      long taken = counter("log.checkpoints") - checkpointsAtOpen;
      coverage.add(Event.AUTOMATIC_CHECKPOINTS, Math.max(0, taken - checkpointsRequested));
    }
  }

  private long counter(String name) {
    StoreStatistics statistics = last;
    return statistics == null ? 0 : statistics.counter(name);
  }
}
