// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.iostack.agent.Agent;
import dev.basalt.iostack.agent.AgentHandle;
import dev.basalt.iostack.agent.ParkingLot;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class SimulationTest {
  @Test
  void shouldGiveTheSameTraceForTheSameSeed() {
    Set<Long> hashes = new HashSet<>();
    for (long seed = 0; seed < 50; seed++) {
      long hash = pingPong(seed);
      assertEquals(hash, pingPong(seed));
      hashes.add(hash);
    }
    assertEquals(50, hashes.size());
  }

  @Test
  void shouldJumpToTheEarliestDeadline() {
    Simulation simulation = new Simulation(1);
    List<String> order = new ArrayList<>();
    for (int i = 1; i <= 3; i++) {
      String name = "client " + i;
      long nanos = 1_000_000_000L * (4 - i);
      simulation.client(
          name,
          () -> {
            simulation.parkNanos(name, nanos);
            order.add(name);
          });
    }
    simulation.run();
    assertEquals(List.of("client 3", "client 2", "client 1"), order);
    assertTrue(simulation.nanoTime() >= 3_000_000_000L);
    assertTrue(simulation.nanoTime() < 3_001_000_000L);
  }

  @Test
  void shouldReportWhoWaitsForWhatInADeadlock() {
    Simulation simulation = new Simulation(1);
    simulation.client("reader", () -> simulation.park("a latch"));
    simulation.client("writer", () -> simulation.park("a frame"));
    SimulationFailure failure = assertThrows(SimulationFailure.class, simulation::run);
    assertTrue(message(failure).contains("deadlock"), failure::getMessage);
    assertTrue(message(failure).contains("reader: waits for a latch"), failure::getMessage);
    assertTrue(message(failure).contains("writer: "), failure::getMessage);
    assertFalse(simulation.powerCut());
  }

  @Test
  void shouldReportADeadlockAlthoughAnIdleAgentRuns() {
    Simulation simulation = new Simulation(1);
    simulation.client(
        "reader",
        () -> {
          simulation.start("idler", new IdleAgent());
          simulation.park("a latch");
        });
    SimulationFailure failure = assertThrows(SimulationFailure.class, simulation::run);
    assertTrue(message(failure).contains("only idle agents run"), failure::getMessage);
  }

  @Test
  void shouldFailWithWhatAClientHasThrown() {
    Simulation simulation = new Simulation(1);
    AtomicInteger ended = new AtomicInteger();
    simulation.client(
        "other",
        () -> {
          try {
            simulation.park("nothing");
          } finally {
            ended.incrementAndGet();
          }
        });
    simulation.client(
        "thrower",
        () -> {
          throw new IllegalArgumentException("planted");
        });
    SimulationFailure failure = assertThrows(SimulationFailure.class, simulation::run);
    assertInstanceOf(IllegalArgumentException.class, failure.getCause());
    assertTrue(ended.get() <= 1);
  }

  @Test
  void shouldReportAgentsThatNobodyHasClosed() {
    Simulation simulation = new Simulation(1);
    IdleAgent agent = new IdleAgent();
    simulation.client("owner", () -> simulation.start("orphan", agent));
    SimulationFailure failure = assertThrows(SimulationFailure.class, simulation::run);
    assertTrue(message(failure).contains("orphan"), failure::getMessage);
  }

  @Test
  void shouldFailWhenAnAgentBreaksAnInvariant() {
    Simulation simulation = new Simulation(1);
    AssertionError planted = new AssertionError("planted");
    simulation.client(
        "owner",
        () -> {
          simulation.start("breaker", new FailingAgent(planted));
          simulation.park("a result");
        });
    assertSame(planted, assertThrows(SimulationFailure.class, simulation::run).getCause());
  }

  @Test
  void shouldNameAFailedAgentAsTheCauseOfADeadlock() {
    Simulation simulation = new Simulation(1);
    IllegalStateException planted = new IllegalStateException("planted");
    simulation.client(
        "owner",
        () -> {
          AgentHandle handle = simulation.start("breaker", new FailingAgent(planted));
          while (handle.failure() == null) {
            simulation.parkNanos("the failure", 1_000);
          }
          handle.close();
          simulation.park("a result");
        });
    SimulationFailure failure = assertThrows(SimulationFailure.class, simulation::run);
    assertTrue(message(failure).contains("deadlock"), failure::getMessage);
    assertSame(planted, failure.getCause());
  }

  @Test
  void shouldCloseAnAgentInside() {
    for (long seed = 0; seed < 200; seed++) {
      Simulation simulation = new Simulation(seed);
      IdleAgent agent = new IdleAgent();
      simulation.client(
          "owner",
          () -> {
            AgentHandle handle = simulation.start("agent", agent);
            simulation.parkNanos("time", simulation.random().nextInt(1_000_000));
            handle.close();
            handle.close();
            assertEquals(1, agent.closeCount);
          });
      simulation.run();
    }
  }

  @Test
  void shouldJoinClients() {
    Simulation simulation = new Simulation(3);
    AtomicInteger done = new AtomicInteger();
    simulation.client(
        "parent",
        () -> {
          List<SimulatedClient> children = new ArrayList<>();
          for (int i = 0; i < 5; i++) {
            children.add(
                simulation.client(
                    "child " + i,
                    () -> {
                      simulation.parkNanos("time", 1_000);
                      done.incrementAndGet();
                    }));
          }
          children.forEach(SimulatedClient::join);
          assertEquals(5, done.get());
        });
    simulation.run();
    assertEquals(5, done.get());
  }

  @Test
  void shouldEndEveryThreadAtAPowerCut() {
    for (long seed = 0; seed < 100; seed++) {
      Simulation simulation = new Simulation(seed);
      ParkingLot lot = new ParkingLot(simulation);
      IdleAgent agent = new IdleAgent();
      AtomicInteger begun = new AtomicInteger();
      AtomicInteger ended = new AtomicInteger();
      for (int i = 0; i < 4; i++) {
        simulation.client(
            "client " + i,
            () -> {
              begun.incrementAndGet();
              AgentHandle handle = simulation.start("agent", agent);
              try {
                lot.awaitWhile(1, _ -> true, 0);
              } finally {
                try {
                  handle.close(); // waits again, which must throw at once
                } finally {
                  ended.incrementAndGet();
                }
              }
            });
      }
      simulation.client("saboteur", simulation::cutPower);
      simulation.run();
      assertTrue(simulation.powerCut());
      assertEquals(begun.get(), ended.get());
    }
  }

  /** An owner may free, in its finally block, what its agents and workers use in theirs. */
  @Test
  void shouldEndThreadsInReverseOrder() {
    for (long seed = 0; seed < 100; seed++) {
      Simulation simulation = new Simulation(seed);
      List<String> ended = new ArrayList<>();
      int saboteur = (int) (seed % 4);
      simulation.client("owner", () -> owner(simulation, ended, saboteur));
      simulation.run();
      assertEquals(List.of("worker 2", "worker 1", "worker 0", "owner"), ended);
    }
  }

  private static void owner(Simulation simulation, List<String> ended, int saboteur) {
    try {
      for (int i = 0; i < 3; i++) {
        String name = "worker " + i;
        boolean cuts = i == saboteur;
        simulation.client(name, () -> work(simulation, ended, name, cuts));
      }
      simulation.parkNanos("work", 50_000);
      simulation.cutPower();
    } finally {
      ended.add("owner");
    }
  }

  private static void work(Simulation simulation, List<String> ended, String name, boolean cuts) {
    try {
      simulation.parkNanos("work", 10_000);
      if (cuts) {
        simulation.cutPower();
      }
      simulation.park("the end");
    } finally {
      ended.add(name);
    }
  }

  @Test
  void shouldLeaveAThreadBehindThatRefusesToEnd() {
    Simulation simulation = new Simulation(1);
    simulation.client(
        "zombie",
        () -> {
          while (true) {
            try {
              simulation.parkNanos("brains", 1_000);
            } catch (SimulatedPowerCut e) {
              assertTrue(simulation.powerCut(), e::getMessage);
            }
          }
        });
    simulation.client(
        "saboteur",
        () -> {
          simulation.parkNanos("time", 1_000_000);
          simulation.cutPower();
        });
    SimulationFailure failure = assertThrows(SimulationFailure.class, simulation::run);
    assertTrue(message(failure).contains("zombie does not end"), failure::getMessage);
  }

  /** Every order of waiter and waker is tried; a lost wake-up is a deadlock. */
  @Test
  void shouldFindNoLostWakeUpInTheParkingLot() {
    for (long seed = 0; seed < 500; seed++) {
      assertNotEquals(0, permits(seed));
    }
  }

  /** The same with the re-check left out is found, so the search is worth something. */
  @Test
  void shouldFindAPlantedLostWakeUp() {
    int found = 0;
    for (long seed = 0; seed < 100; seed++) {
      Simulation simulation = new Simulation(seed);
      Thread[] waiter = new Thread[1];
      simulation.client(
          "waiter",
          () -> {
            simulation.interleave(); // checks its condition here, registers too late
            waiter[0] = Thread.currentThread();
            simulation.park("a wake-up");
          });
      simulation.client(
          "waker",
          () -> {
            simulation.interleave();
            if (waiter[0] != null) {
              simulation.unpark(waiter[0]);
            }
          });
      try {
        simulation.run();
      } catch (SimulationFailure e) {
        found++;
      }
    }
    assertTrue(found > 10);
  }

  private static long permits(long seed) {
    Simulation simulation = new Simulation(seed);
    ParkingLot lot = new ParkingLot(simulation);
    AtomicInteger permits = new AtomicInteger(1 + (int) (seed % 3));
    for (int i = 0; i < 5; i++) {
      simulation.client(
          "client " + i,
          () -> {
            for (int round = 0; round < 5; round++) {
              while (permits.get() == 0) {
                lot.awaitWhile(3, _ -> permits.get() == 0, 0);
              }
              permits.decrementAndGet();
              simulation.interleave();
              permits.incrementAndGet();
              simulation.interleave();
              lot.wakeOne(3);
            }
          });
    }
    simulation.run();
    return simulation.traceHash();
  }

  private static long pingPong(long seed) {
    Simulation simulation = new Simulation(seed);
    ParkingLot lot = new ParkingLot(simulation);
    AtomicInteger turn = new AtomicInteger();
    for (int i = 0; i < 3; i++) {
      simulation.client(
          "player " + i,
          () -> {
            for (int round = 0; round < 20; round++) {
              int seen = turn.get();
              simulation.interleave();
              turn.set(seen + 1);
              lot.wakeAll(seen);
              lot.awaitWhile(seen + 1, _ -> turn.get() == seen + 1, 0, 1_000);
            }
          });
    }
    simulation.run();
    simulation.trace(turn.get(), 0);
    return simulation.traceHash();
  }

  private static String message(Throwable e) {
    return String.valueOf(e.getMessage());
  }

  /** Fails at its first duty cycle. */
  private record FailingAgent(Throwable reason) implements Agent {
    @Override
    public int doWork() {
      if (reason instanceof Error error) {
        throw error;
      }
      throw (RuntimeException) reason;
    }

    @Override
    public boolean hasWork() {
      return false;
    }
  }

  /** Has nothing to do. */
  private static final class IdleAgent implements Agent {
    int closeCount;

    @Override
    public int doWork() {
      return 0;
    }

    @Override
    public boolean hasWork() {
      return false;
    }

    @Override
    public void onClose() {
      closeCount++;
    }
  }
}
