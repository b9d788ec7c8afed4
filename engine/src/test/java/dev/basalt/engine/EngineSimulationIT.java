// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.engine.EngineSimulation.Bug;
import dev.basalt.engine.SimulationCoverage.Event;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Runs {@code -Dbasalt.seeds=N} seeds of the simulation from {@code -Dbasalt.start=S}. */
final class EngineSimulationIT {
  private static final long STANDARD_SEEDS = 2000;
  private static final int PLANTED_SEEDS_MAX = 500;

  @Test
  void shouldHoldTheJournalWhateverHappens() {
    long seeds = Long.getLong("basalt.seeds", STANDARD_SEEDS);
    long start = Long.getLong("basalt.start", 0);
    SimulationRuns runs = new SimulationRuns(Bug.NONE, System.err::println);
    assertEquals(-1, runs.run(start, seeds), "failing seed");
    System.out.printf("%d seeds from %d met:%n%s", seeds, start, runs.coverage());
    if (seeds >= STANDARD_SEEDS) {
      for (Event event : Event.values()) {
        assertTrue(runs.coverage().count(event) > 0, "never met: " + event);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void shouldFindAPlantedBug(Bug bug) {
    List<String> reports = new ArrayList<>();
    long found = new SimulationRuns(bug, reports::add).run(0, PLANTED_SEEDS_MAX);
    assertTrue(found >= 0, bug + " was not found in " + PLANTED_SEEDS_MAX + " seeds");
    System.out.println(bug + " was found by seed " + found);
  }

  @Test
  void shouldGiveTheSameTraceForTheSameSeed() {
    for (long seed = 1000; seed < 1010; seed++) {
      long hash = trace(seed);
      assertEquals(hash, trace(seed), "seed " + seed);
      assertNotEquals(hash, trace(seed + 10_000));
    }
  }

  private static long trace(long seed) {
    return new EngineSimulation(seed, Bug.NONE, new SimulationCoverage()).run();
  }
}
