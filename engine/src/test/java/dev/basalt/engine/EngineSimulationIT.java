// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.engine.EngineSimulation.Bug;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Runs {@code -Dbasalt.seeds=N} seeds of the simulation from {@code -Dbasalt.start=S}. */
final class EngineSimulationIT {
  private static final int PLANTED_SEEDS_MAX = 500;

  @Test
  void shouldHoldTheJournalThroughPowerCuts() {
    long seeds = Long.getLong("basalt.seeds", 2000);
    long start = Long.getLong("basalt.start", 0);
    assertEquals(-1, EngineSimulation.runAll(start, seeds, Bug.NONE, false), "failing seed");
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void shouldFindAPlantedBug(Bug bug) {
    long found = EngineSimulation.runAll(0, PLANTED_SEEDS_MAX, bug, true);
    assertTrue(found >= 0, bug + " was not found in " + PLANTED_SEEDS_MAX + " seeds");
  }

  @Test
  void shouldGiveTheSameTraceForTheSameSeed() {
    for (long seed = 1000; seed < 1010; seed++) {
      long hash = new EngineSimulation(seed, Bug.NONE).run();
      assertEquals(hash, new EngineSimulation(seed, Bug.NONE).run(), "seed " + seed);
      assertNotEquals(hash, new EngineSimulation(seed + 10_000, Bug.NONE).run());
    }
  }
}
