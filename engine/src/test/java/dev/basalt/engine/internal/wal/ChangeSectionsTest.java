// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.iostack.agent.ParkingLot;
import dev.basalt.iostack.sim.Simulation;
import org.junit.jupiter.api.Test;

class ChangeSectionsTest {
  private long horizon;
  private boolean isEntered;
  private boolean isBegun;

  @Test
  void shouldWaitForSectionsEnteredBefore() {
    Simulation simulation = new Simulation(1);
    ChangeSections sections = new ChangeSections(new ParkingLot(simulation), 0);
    simulation.client(
        "change",
        () -> {
          int token = sections.enter();
          isEntered = true;
          simulation.parkNanos(this, 1_000_000);
          assertTrue(!isBegun, "the checkpoint did not wait");
          sections.exit(token);
        });
    simulation.client(
        "checkpoint",
        () -> {
          while (!isEntered) {
            simulation.parkNanos(this, 1_000);
          }
          sections.awaitEntered();
          isBegun = true;
        });
    simulation.run();
    assertTrue(isBegun);
  }

  @Test
  void shouldNotWaitForSectionsEnteredAfter() {
    Simulation simulation = new Simulation(2);
    ChangeSections sections = new ChangeSections(new ParkingLot(simulation), 0);
    simulation.client(
        "all",
        () -> {
          int before = sections.enter();
          sections.exit(before);
          sections.awaitEntered();
          int open = sections.enter();
          sections.exit(open);
          sections.awaitEntered();
          sections.awaitEntered();
        });
    simulation.run();
  }

  /** No change decided with an old horizon may be open once the checkpoint has begun. */
  @Test
  void shouldNeverLeaveAChangeOfAnOldHorizonOpen() {
    for (long seed = 0; seed < 200; seed++) {
      horizon = 0;
      Simulation simulation = new Simulation(seed);
      ChangeSections sections = new ChangeSections(new ParkingLot(simulation), 0);
      long[] openWith = new long[3];
      for (int i = 0; i < openWith.length; i++) {
        int me = i;
        openWith[i] = Long.MAX_VALUE;
        simulation.client("change-" + i, () -> change(simulation, sections, openWith, me));
      }
      simulation.client(
          "checkpoint",
          () -> {
            for (int i = 1; i <= 10; i++) {
              horizon = i;
              sections.awaitEntered();
              for (long open : openWith) {
                assertTrue(open >= horizon, "a change with horizon " + open + " is open");
              }
              simulation.interleave();
            }
          });
      simulation.run();
      assertEquals(10, horizon);
    }
  }

  private void change(Simulation simulation, ChangeSections sections, long[] openWith, int me) {
    for (int i = 0; i < 20; i++) {
      int token = sections.enter();
      openWith[me] = horizon;
      simulation.interleave();
      openWith[me] = Long.MAX_VALUE;
      sections.exit(token);
      simulation.interleave();
    }
  }
}
