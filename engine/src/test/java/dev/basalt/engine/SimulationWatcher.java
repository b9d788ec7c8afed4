// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import dev.basalt.engine.internal.EngineSwitches;
import dev.basalt.iostack.sim.Simulation;
import java.util.Random;

/**
 * Tells the journal of the log, and makes rare things frequent. Some commits are held up before
 * they are applied, as if their thread got no processor: meanwhile the redo point stays, and others
 * fill the log. Some recoveries take a checkpoint on the way.
 */
final class SimulationWatcher implements EngineSwitches.Watcher {
  private static final int SLOW_ONE_IN = 60;
  private static final int SLOW_NANOS_MAX = 60_000_000;
  private static final int CHECKPOINT_ONE_IN = 20;

  private final SimulationJournal journal;
  private final Simulation simulation;
  private final Random random;

  /** Checkpoints on the way that are left to take: each costs log. */
  private int checkpoints;

  SimulationWatcher(SimulationJournal journal, Simulation simulation, int checkpoints) {
    this.journal = journal;
    this.simulation = simulation;
    this.checkpoints = checkpoints;
    random = simulation.random();
  }

  @Override
  public void logEnds(long endLsn) {
    journal.logEnds(endLsn);
  }

  @Override
  public void appended(long lsn) {
    journal.appended(lsn);
    if (random.nextInt(SLOW_ONE_IN) == 0) {
      simulation.parkNanos(this, 1L + random.nextInt(SLOW_NANOS_MAX));
    }
  }

  @Override
  public boolean wantsCheckpoint(long lsn) {
    if (checkpoints == 0 || random.nextInt(CHECKPOINT_ONE_IN) != 0) {
      return false;
    }
    checkpoints--;
    return true;
  }
}
