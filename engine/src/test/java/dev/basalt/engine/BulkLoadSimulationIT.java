// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Runs {@code -Dbasalt.seeds=N} seeds of loads with power cuts from {@code -Dbasalt.start=S}. */
final class BulkLoadSimulationIT {
  @Test
  void shouldBeAllOrNothingThroughPowerCuts() {
    long seeds = Long.getLong("basalt.seeds", 400);
    long start = Long.getLong("basalt.start", 0);
    LoadSimulation.Tally tally = new LoadSimulation.Tally();
    for (long seed = start; seed < start + seeds; seed++) {
      try {
        new LoadSimulation(seed, tally).run();
      } catch (Throwable e) { // Whatever a seed ends with must be reported with the seed.
        throw new AssertionError("reproduce: -Dbasalt.seeds=1 -Dbasalt.start=" + seed, e);
      }
    }
    System.out.printf(
        "%d seeds: %d loads, %d disturbed, %d left out, %d power cuts, %d times found loaded%n",
        seeds, tally.loads, tally.disturbed, tally.byBatches, tally.cuts, tally.recoveredLoads);
    if (seeds >= 100) {
      assertTrue(tally.loads > seeds, tally.loads + " loads");
      assertTrue(tally.disturbed > 0, "no load was disturbed");
      assertTrue(tally.cuts > seeds / 2, tally.cuts + " power cuts");
      assertTrue(tally.recoveredLoads > seeds / 2, tally.recoveredLoads + " times found loaded");
    }
  }
}
