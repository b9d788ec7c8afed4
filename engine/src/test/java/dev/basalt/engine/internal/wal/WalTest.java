// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.index.PageRedo;
import dev.basalt.index.StructureChange;
import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.Devices;
import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.sim.SimulatedClient;
import dev.basalt.iostack.sim.SimulatedDevice;
import dev.basalt.iostack.sim.SimulatedGeometry;
import dev.basalt.iostack.sim.Simulation;
import dev.basalt.iostack.sim.SimulationPlan;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class WalTest {
  private static final long LOG_BYTES = 1 << 18;
  private static final SimulationPlan FAST =
      SimulationPlan.of(1).withLatencies(new SimulationPlan.Latencies(0, 0, 0, 0));
  private static final WalConfig PATIENT = new WalConfig(10_000_000, 50, 50_000_000, 16, false);
  private static final int RUN_START = 16;
  private static final int RUN_END = 17;

  @Test
  void shouldMakeManyVirtualThreadsDurableInFewGroups() throws IOException {
    try (BlockDevice device = Devices.open("ram:16MiB", Execution.threads())) {
      commitFromVirtualThreads(device, 2_000);
    }
  }

  private static void commitFromVirtualThreads(BlockDevice device, int count) throws IOException {
    Set<Long> expected = new HashSet<>();
    try (LogLife life = open(device, 8 << 20, PATIENT)) {
      Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
      try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
        for (long i = 1; i <= count; i++) {
          long number = i;
          expected.add(number);
          executor.execute(() -> commit(life, number, failures));
        }
      }
      assertEquals(List.of(), List.copyOf(failures));
      assertEquals(count, life.wal.appliedSequence());
      assertTrue(life.wal.statistics().groups() < count, "no group commit");
    }
    try (LogLife life = open(device, 8 << 20, PATIENT)) {
      assertEquals(expected, new HashSet<>(life.recovered));
    }
  }

  private static void commit(LogLife life, long number, Queue<Throwable> failures) {
    try {
      long lsn = life.append(number, 100);
      life.wal.awaitDurable(lsn);
      assertTrue(life.wal.durableLsn() > lsn);
    } catch (IOException | AssertionError e) {
      failures.add(e);
    }
  }

  @Test
  void shouldNotBelieveAFlushBeforeThoseThatBeganEarlierHaveEnded() {
    Simulation simulation = new Simulation(4);
    SimulatedDevice device = device(SimulationPlan.of(4), simulation);
    simulate(
        simulation,
        device,
        PATIENT,
        life -> {
          long other = life.io.flushes().begin();
          long lsn = life.append(1, 100);
          long deadline = simulation.nanoTime() + 1_000_000_000;
          while (simulation.nanoTime() < deadline) {
            simulation.parkNanos(this, 10_000_000); // the interval, and a flush, many times
          }
          assertEquals(1, life.wal.statistics().flushes());
          assertTrue(life.wal.durableLsn() <= lsn);
          life.io.flushes().end(other, IoStatus.SUCCESS);
          life.wal.awaitDurable(lsn);
          assertTrue(life.wal.durableLsn() > lsn);
        });
  }

  @Test
  void shouldFailWhenAnotherFlushOfTheDeviceFails() throws IOException {
    try (LogLife life = open(device(FAST), LOG_BYTES, PATIENT)) {
      long other = life.io.flushes().begin();
      long lsn = life.append(1, 100);
      Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
      Thread waiter = Thread.ofPlatform().start(() -> commit(life, 2, failures));
      while (life.wal.statistics().flushes() == 0) {
        Thread.onSpinWait();
      }
      life.io.flushes().end(other, IoStatus.WRITE_FAULT);
      LogFailedException e =
          assertThrows(LogFailedException.class, () -> life.wal.awaitDurable(lsn));
      assertTrue(
          String.valueOf(e.getMessage()).contains("a flush of the device has failed: write fault"));
      assertThrows(IOException.class, () -> life.io.flush());
      assertTrue(life.wal.durableLsn() <= lsn);
      join(waiter);
      assertEquals(1, failures.size());
    }
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void shouldWriteWithoutBeingAskedWhenTheIntervalIsOver() {
    Simulation simulation = new Simulation(3);
    SimulatedDevice device = device(SimulationPlan.of(3), simulation);
    simulate(
        simulation,
        device,
        PATIENT,
        life -> {
          long lsn = life.append(1, 100);
          assertTrue(life.wal.durableLsn() <= lsn);
          long deadline = simulation.nanoTime() + 40_000_000;
          while (life.wal.durableLsn() <= lsn && simulation.nanoTime() < deadline) {
            simulation.parkNanos(this, 1_000_000);
          }
          assertTrue(life.wal.durableLsn() > lsn, "not written in time");
        });
  }

  @Test
  void shouldWrapAroundManyTimes() throws IOException {
    SimulatedDevice device = device(FAST);
    try (LogLife life = open(device, LOG_BYTES, PATIENT)) {
      for (int i = 1; i <= 3_000; i++) {
        long lsn = life.append(i, i % 1_000);
        if (i % 100 == 0) {
          life.wal.awaitDurable(lsn);
          life.checkpoint();
        }
      }
      assertTrue(life.wal.appendedLsn() > 5 * LOG_BYTES);
    }
    try (LogLife life = open(again(device), LOG_BYTES, PATIENT)) {
      assertEquals(0, life.recovered.size());
      assertEquals(3_000, life.end.commitSequence());
    }
  }

  @Test
  void shouldFailWhenAnOperationCanNeverFit() throws IOException {
    try (LogLife life = open(device(FAST), LOG_BYTES, PATIENT)) {
      LogFullException e = assertThrows(LogFullException.class, () -> life.wal.admit(LOG_BYTES));
      assertTrue(String.valueOf(e.getMessage()).contains("at most"), e.getMessage());
      assertThrows(
          IllegalArgumentException.class, () -> life.wal.append(LogLife.commit(1, 100_000)));
    }
  }

  @Test
  void shouldAskForACheckpointAndThenFailWhenNoneComes() throws IOException {
    try (LogLife life = open(device(FAST), LOG_BYTES, PATIENT)) {
      AtomicInteger asked = new AtomicInteger();
      life.wal.setCheckpointer(asked::incrementAndGet);
      life.wal.admit(150_000);
      assertFalse(life.wal.tryAdmit(100_000));
      LogFullException e = assertThrows(LogFullException.class, () -> life.wal.admit(100_000));
      assertTrue(String.valueOf(e.getMessage()).startsWith("log is full"), e.getMessage());
      assertTrue(asked.get() > 0);
      assertTrue(life.wal.isCheckpointWanted());
      life.wal.release(150_000);
      life.wal.admit(100_000);
      life.wal.release(100_000);
    }
  }

  @Test
  void shouldWaitForSpaceUntilACheckpointHasFreedIt() {
    Simulation simulation = new Simulation(4);
    SimulatedDevice device = device(SimulationPlan.of(4), simulation);
    WalConfig config = new WalConfig(1_000_000, 50, 5_000_000_000L, 8, false);
    simulate(
        simulation,
        device,
        config,
        life -> {
          long number = 0;
          while (life.wal.tryAdmit(20_000)) {
            life.append(++number, 10_000);
            life.wal.release(20_000);
          }
          boolean[] isAdmitted = new boolean[1];
          SimulatedClient waiter =
              simulation.client(
                  "waiter",
                  () -> {
                    admit(life, 20_000);
                    isAdmitted[0] = true;
                    life.wal.release(20_000);
                  });
          simulation.parkNanos(this, 50_000_000);
          assertFalse(isAdmitted[0], "admitted into a full log");
          life.checkpoint();
          waiter.join();
          assertTrue(isAdmitted[0]);
        });
  }

  /** Another checkpoint right behind it would free next to nothing, and cost an image a page. */
  @Test
  void shouldNotAskForACheckpointWhileOneIsUnderWay() {
    Simulation simulation = new Simulation(4);
    SimulatedDevice device = device(SimulationPlan.of(4), simulation);
    WalConfig config = new WalConfig(1_000_000, 50, 5_000_000_000L, 8, false);
    simulate(
        simulation,
        device,
        config,
        life -> {
          for (long number = 1; life.wal.tryAdmit(20_000); number++) {
            life.append(number, 10_000);
            life.wal.release(20_000);
          }
          CheckpointMark mark = life.wal.beginCheckpoint(Long.MAX_VALUE);
          SimulatedClient waiter =
              simulation.client(
                  "waiter",
                  () -> {
                    admit(life, 20_000);
                    life.wal.release(20_000);
                  });
          simulation.parkNanos(this, 50_000_000);
          assertFalse(life.wal.isCheckpointWanted(), "asked for while one is under way");
          life.wal.completeCheckpoint(mark, life.superblocks, 1, false);
          waiter.join();
          assertFalse(life.wal.isCheckpointWanted(), "asked for although it has freed enough");
        });
  }

  @Test
  void shouldFailEveryCallAndWaiterWithTheFirstCauseAfterAFailedWrite() {
    poison(1, "write");
  }

  @Test
  void shouldFailEveryCallAndWaiterWithTheFirstCauseAfterAFailedFlush() {
    poison(2, "flush");
  }

  @Test
  void shouldFailEveryCallOnceAChangeIsLost() throws IOException {
    try (LogLife life = open(device(FAST), LOG_BYTES, PATIENT)) {
      life.wal.changeLost();
      assertThrows(LogFailedException.class, life.wal::check);
      assertThrows(LogFailedException.class, () -> life.append(1, 10));
      assertThrows(LogFailedException.class, () -> life.wal.awaitDurable(Long.MAX_VALUE - 1));
    }
  }

  @Test
  void shouldTrackStructureRecordsAndRuns() throws IOException {
    SimulatedDevice device = device(FAST);
    long runLsn;
    try (LogLife life = open(device, LOG_BYTES, PATIENT)) {
      StructureChange change = new StructureChange(4096);
      long payload = change.addPayload(RUN_START, 0, 0, 16);
      WalMemory.putLong(payload, 7);
      WalMemory.putLong(payload + 8, 2);
      runLsn = life.wal.append(change);
      life.append(1, 10);
      assertEquals(runLsn, life.wal.beginCheckpoint(Long.MAX_VALUE).redoLsn());
      change.clear();
      WalMemory.putLong(change.addPayload(RUN_END, 0, 0, 8), runLsn);
      long endLsn = life.wal.append(change);
      CheckpointMark mark = life.wal.beginCheckpoint(Long.MAX_VALUE);
      assertEquals(mark.beginLsn(), mark.redoLsn());
      assertEquals(mark.beginLsn(), life.wal.imageHorizon());
      life.wal.awaitDurable(endLsn);
    }
    try (LogLife life = open(again(device), LOG_BYTES, PATIENT)) {
      LogReader reader = new LogReader(life.io, life.layout);
      reader.seek(life.start.redoLsn(), life.start.redoEpoch());
      assertTrue(reader.next());
      assertEquals(RecordType.STRUCTURE, reader.record().type());
      assertEquals(runLsn, reader.record().lsn());
      assertTrue(reader.record().startsRun());
      PageRedo redo = new PageRedo(4096);
      redo.wrap(reader.record().bodyAddress(), reader.record().bodyBytes(), runLsn);
      assertTrue(redo.next());
      assertTrue(redo.isRunStart());
    }
  }

  @Test
  void shouldHoldTheRedoPointAtCommitsInFlightAndAtRecoverysLimit() throws IOException {
    try (LogLife life = open(device(FAST), LOG_BYTES, PATIENT)) {
      CommitRecord first = LogLife.commit(1, 10);
      long lsn = life.wal.append(first);
      life.append(2, 10);
      assertEquals(lsn, life.wal.beginCheckpoint(Long.MAX_VALUE).redoLsn());
      life.wal.applied(first.commitSequence());
      CheckpointMark mark = life.wal.beginCheckpoint(Long.MAX_VALUE);
      assertEquals(life.wal.appendedLsn(), mark.redoLsn());
      assertEquals(lsn + 8, life.wal.beginCheckpoint(lsn + 8).redoLsn());
    }
  }

  /** Lets the n-th command after the log was opened fail, in a second life. */
  private void poison(int command, String name) {
    Simulation simulation = new Simulation(5);
    SimulatedDevice first = device(SimulationPlan.of(5), simulation);
    simulate(simulation, first, PATIENT, life -> life.wal.awaitDurable(life.append(1, 10)));
    Simulation rehearsal = new Simulation(6);
    SimulatedDevice good = first.afterProcessEnd(SimulationPlan.of(6), rehearsal);
    long[] opened = new long[1];
    simulate(rehearsal, good, PATIENT, life -> opened[0] = good.commandCount());
    Simulation second = new Simulation(6);
    SimulationPlan plan = SimulationPlan.of(6).withErrorAt(opened[0] + command);
    SimulatedDevice bad = first.afterProcessEnd(plan, second);
    simulate(second, bad, PATIENT, life -> assertAllFail(second, life, name));
  }

  private void assertAllFail(Simulation simulation, LogLife life, String name) throws IOException {
    long lsn = life.append(2, 10);
    List<SimulatedClient> waiters = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      waiters.add(simulation.client("waiter-" + i, () -> assertPoisoned(life, lsn, name)));
    }
    assertPoisoned(life, lsn, name);
    waiters.forEach(SimulatedClient::join);
    long durable = life.wal.durableLsn();
    assertTrue(durable <= lsn);
    LogFailedException append = assertThrows(LogFailedException.class, () -> life.append(3, 10));
    LogFailedException admit = assertThrows(LogFailedException.class, () -> life.wal.admit(1));
    assertEquals(append.getCause(), admit.getCause());
    simulation.parkNanos(this, 100_000_000);
    assertEquals(durable, life.wal.durableLsn());
  }

  private static void assertPoisoned(LogLife life, long lsn, String command) {
    LogFailedException e = assertThrows(LogFailedException.class, () -> life.wal.awaitDurable(lsn));
    assertTrue(String.valueOf(e.getMessage()).contains("log " + command), e.getMessage());
    assertNotNull(e.getCause());
  }

  private static void admit(LogLife life, long bytes) {
    try {
      life.wal.admit(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private interface Body {
    void run(LogLife life) throws IOException;
  }

  private static void simulate(
      Simulation simulation, BlockDevice device, WalConfig config, Body body) {
    simulation.client(
        "owner",
        () -> {
          try (LogLife life = LogLife.open(device, LOG_BYTES, config, simulation)) {
            body.run(life);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
    simulation.run();
  }

  private static LogLife open(BlockDevice device, long logBytes, WalConfig config)
      throws IOException {
    return LogLife.open(device, logBytes, config, Execution.threads());
  }

  private static SimulatedDevice device(SimulationPlan plan) {
    return device(plan, Execution.threads());
  }

  private static SimulatedDevice device(SimulationPlan plan, Execution execution) {
    return new SimulatedDevice(SimulatedGeometry.of(16 << 20), plan, execution);
  }

  private static SimulatedDevice again(SimulatedDevice device) {
    return device.afterProcessEnd(FAST, Execution.threads());
  }
}
