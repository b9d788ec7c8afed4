// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.sim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.Devices;
import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.IoVector;
import dev.basalt.iostack.QueuePair;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class SimulatedDeviceTest {
  private static final int BLOCK = 512;
  private static final int PAGE_BLOCKS = 8;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment memory = arena.allocate(1 << 20, 4096);

  @AfterEach
  void free() {
    arena.close();
  }

  @Test
  void shouldReadWhatWasWrittenAndZeroesElsewhere() {
    run(
        SimulationPlan.of(1),
        (simulation, queuePair) -> {
          fill(0, 7);
          assertEquals(0, await(simulation, queuePair, queuePair.tryWrite(8, 8, address(0), 1)));
          assertEquals(0, await(simulation, queuePair, queuePair.tryRead(0, 16, address(1), 2)));
          assertEquals(0, at(1));
          assertEquals(7, memory.get(ValueLayout.JAVA_BYTE, 4096 + 4096));
        });
  }

  @Test
  void shouldMoveVectorsWriteZeroesAndDeallocate() {
    run(
        SimulationPlan.of(1),
        (simulation, queuePair) -> {
          fill(0, 1);
          fill(2, 2);
          IoVector vector = new IoVector(2);
          vector.tryAdd(address(2), 4096);
          vector.tryAdd(address(0), 4096);
          await(simulation, queuePair, queuePair.tryWriteVectored(0, vector, 1));
          await(simulation, queuePair, queuePair.tryRead(0, 8, address(4), 1));
          assertEquals(2, at(4));
          await(simulation, queuePair, queuePair.tryReadVectored(0, vector, 1));
          assertEquals(2, at(2));
          assertEquals(1, at(0));
          await(simulation, queuePair, queuePair.tryWriteZeroes(0, 8, 1));
          await(simulation, queuePair, queuePair.tryDeallocate(8, 8, 1));
          await(simulation, queuePair, queuePair.tryRead(0, 16, address(6), 1));
          assertEquals(0, at(6));
          assertTrue(at(7) == 0 || at(7) == 1);
        });
  }

  @Test
  void shouldRefuseWhatIsMisalignedOrOutside() {
    run(
        SimulationPlan.of(1),
        (_, queuePair) -> {
          refuses(() -> queuePair.tryRead(-1, 1, address(0), 0));
          refuses(() -> queuePair.tryRead(2048, 1, address(0), 0));
          refuses(() -> queuePair.tryRead(2047, 2, address(0), 0));
          refuses(() -> queuePair.tryRead(0, 0, address(0), 0));
          refuses(() -> queuePair.tryWrite(0, 1, address(0) + 1, 0));
          refuses(() -> queuePair.tryWrite(0, Integer.MAX_VALUE, address(0), 0));
          refuses(() -> queuePair.tryDeallocate(1, Long.MAX_VALUE, 0));
          refuses(() -> queuePair.tryReadVectored(0, new IoVector(1), 0));
          assertEquals(0, queuePair.inFlight());
        });
  }

  @Test
  void shouldBeFullAtItsDepthAndCompleteOutOfOrder() {
    List<Long> order = new ArrayList<>();
    run(
        SimulationPlan.of(1),
        (simulation, queuePair) -> {
          for (int i = 0; i < queuePair.depth(); i++) {
            assertTrue(queuePair.tryRead(i, 1, address(0), i));
          }
          assertFalse(queuePair.tryRead(0, 1, address(0), 99));
          while (queuePair.inFlight() > 0) {
            queuePair.sleep(1_000_000);
            queuePair.poll((tag, _) -> order.add(tag), 3);
          }
          assertTrue(simulation.nanoTime() > 10_000);
        });
    assertEquals(16, new HashSet<>(order).size());
    assertNotEquals(order.stream().sorted().toList(), order);
  }

  @Test
  void shouldDeliverACancelledCommandOnce() {
    run(
        SimulationPlan.of(1),
        (simulation, queuePair) -> {
          for (int i = 0; i < 20; i++) {
            assertTrue(queuePair.tryRead(i, 1, address(0), i));
            queuePair.submit();
            assertTrue(queuePair.tryCancel(i));
            assertFalse(queuePair.tryCancel(100));
            int status = await(simulation, queuePair, true);
            assertTrue(status == IoStatus.ABORTED || status == IoStatus.SUCCESS);
          }
        });
  }

  @Test
  void shouldFailTheCommandOfThePlan() {
    run(
        SimulationPlan.of(1).withErrorAt(2),
        (simulation, queuePair) -> {
          assertEquals(0, await(simulation, queuePair, queuePair.tryRead(0, 1, address(0), 0)));
          assertEquals(
              IoStatus.WRITE_FAULT,
              await(simulation, queuePair, queuePair.tryWrite(0, 8, address(0), 0)));
          assertEquals(0, await(simulation, queuePair, queuePair.tryFlush(0)));
        });
  }

  @Test
  void shouldFailByRatio() {
    int[] failed = new int[3];
    run(
        SimulationPlan.of(1).withErrors(new SimulationPlan.Errors(0.5, 0.5, 0.5)),
        (simulation, queuePair) -> {
          for (int i = 0; i < 100; i++) {
            failed[0] += await(simulation, queuePair, queuePair.tryRead(0, 1, address(0), 0)) & 1;
            failed[1] +=
                await(simulation, queuePair, queuePair.tryWrite(0, 1, address(0), 0)) >> 7 & 1;
            failed[2] += await(simulation, queuePair, queuePair.tryFlush(0)) >> 7 & 1;
          }
        });
    for (int count : failed) {
      assertTrue(count > 25 && count < 75, () -> "failed: " + count);
    }
  }

  @Test
  void shouldLoseMisdirectAndCorruptSilently() {
    for (int fault = 0; fault < 3; fault++) {
      double[] ratios = new double[3];
      ratios[fault] = 1;
      int planted = fault;
      run(
          SimulationPlan.of(1)
              .withSilentFaults(new SimulationPlan.SilentFaults(ratios[0], ratios[1], ratios[2])),
          (simulation, queuePair) -> {
            fill(0, 5);
            assertEquals(0, await(simulation, queuePair, queuePair.tryWrite(0, 8, address(0), 0)));
            await(simulation, queuePair, queuePair.tryRead(0, 8, address(1), 0));
            long differing = memory.asSlice(0, 4096).mismatch(memory.asSlice(4096, 4096));
            assertTrue(planted == 2 ? differing >= 0 : differing == 0);
          });
    }
  }

  @Test
  void shouldKeepFlushedWritesAndKeepTearOrLoseOthers() {
    Set<String> outcomes = new HashSet<>();
    for (long seed = 0; seed < 60; seed++) {
      SimulatedDevice device =
          run(
              SimulationPlan.of(seed).withPowerCutAt(4),
              (simulation, queuePair) -> {
                fill(0, 1);
                await(simulation, queuePair, queuePair.tryWrite(0, PAGE_BLOCKS, address(0), 0));
                await(simulation, queuePair, queuePair.tryFlush(0));
                fill(0, 2);
                await(simulation, queuePair, queuePair.tryWrite(0, PAGE_BLOCKS, address(0), 0));
                await(simulation, queuePair, queuePair.tryFlush(0));
                throw new AssertionError("the power was not cut");
              });
      SimulatedDevice next = device.afterPowerCut(SimulationPlan.of(seed), new Simulation(seed));
      outcomes.add(versions(next));
      assertArrayEquals(
          next.readBlock(0),
          device.afterPowerCut(SimulationPlan.of(seed), new Simulation(seed)).readBlock(0));
    }
    assertTrue(outcomes.contains("11111111"));
    assertTrue(outcomes.contains("22222222"));
    assertTrue(outcomes.size() > 10, outcomes::toString);
  }

  @Test
  void shouldLoseWhatAFailedFlushHadToKeepAlthoughTheNextSucceeds() {
    Set<Boolean> lost = new HashSet<>();
    for (long seed = 0; seed < 20; seed++) {
      SimulatedDevice device =
          run(
              SimulationPlan.of(seed).withErrorAt(2),
              (simulation, queuePair) -> {
                fill(0, 1);
                await(simulation, queuePair, queuePair.tryWrite(0, PAGE_BLOCKS, address(0), 0));
                assertNotEquals(0, await(simulation, queuePair, queuePair.tryFlush(0)));
                assertEquals(
                    0, await(simulation, queuePair, queuePair.tryRead(0, 8, address(1), 0)));
                assertEquals(1, at(1));
                assertEquals(0, await(simulation, queuePair, queuePair.tryFlush(0)));
              });
      lost.add(device.readDurableBlock(0)[0] == 0);
    }
    assertEquals(Set.of(true, false), lost);
  }

  @Test
  void shouldNotTearTheAtomicUnitNorLoseWithoutACache() {
    for (long seed = 0; seed < 40; seed++) {
      boolean hasCache = seed % 2 == 0;
      SimulatedGeometry geometry = new SimulatedGeometry(2048, 2048, BLOCK, 4096, hasCache);
      SimulatedDevice device =
          run(
              geometry,
              SimulationPlan.of(seed).withPowerCutAt(3),
              (simulation, queuePair) -> {
                fill(0, 1);
                await(simulation, queuePair, queuePair.tryWrite(0, PAGE_BLOCKS, address(0), 0));
                fill(0, 2);
                await(simulation, queuePair, queuePair.tryWrite(0, PAGE_BLOCKS, address(0), 0));
                await(simulation, queuePair, queuePair.tryFlush(0));
              });
      String versions =
          versions(device.afterPowerCut(SimulationPlan.of(seed), new Simulation(seed)));
      assertTrue(Set.of("00000000", "11111111", "22222222").contains(versions), () -> versions);
      assertTrue(hasCache || versions.equals("22222222"), () -> versions);
    }
  }

  @Test
  void shouldNotTearTheAtomicUnitWhenAWriteFails() {
    Set<String> outcomes = new HashSet<>();
    for (long seed = 0; seed < 40; seed++) {
      SimulatedGeometry geometry = new SimulatedGeometry(2048, 2048, BLOCK, 2048, false);
      SimulatedDevice device =
          run(
              geometry,
              SimulationPlan.of(seed).withErrorAt(1),
              (simulation, queuePair) -> {
                fill(0, 1);
                boolean queued = queuePair.tryWrite(0, PAGE_BLOCKS, address(0), 0);
                assertNotEquals(0, await(simulation, queuePair, queued));
              });
      outcomes.add(versions(device));
    }
    assertEquals(Set.of("00000000", "11110000", "00001111", "11111111"), outcomes);
  }

  @Test
  void shouldKeepEverythingExecutedWhenTheProcessEnds() {
    SimulatedDevice device =
        run(
            SimulationPlan.of(3),
            (simulation, queuePair) -> {
              fill(0, 4);
              await(simulation, queuePair, queuePair.tryWrite(0, PAGE_BLOCKS, address(0), 0));
            });
    SimulatedDevice next = device.afterProcessEnd(SimulationPlan.of(4), new Simulation(4));
    assertEquals("44444444", versions(next));
    next.flipBit(0, 1);
    assertEquals(6, next.readBlock(0)[0]);
    assertThrows(
        IllegalStateException.class,
        () -> next.afterPowerCut(SimulationPlan.of(4), new Simulation(4)));
  }

  @Test
  void shouldKeepTheCacheVolatileWhenTheProcessEnds() {
    SimulatedDevice killed =
        run(
            SimulationPlan.of(3),
            (simulation, queuePair) -> {
              fill(0, 4);
              await(simulation, queuePair, queuePair.tryWrite(0, PAGE_BLOCKS, address(0), 0));
              await(simulation, queuePair, queuePair.tryFlush(1));
              fill(0, 5);
              await(simulation, queuePair, queuePair.tryWrite(0, PAGE_BLOCKS, address(0), 0));
            });
    SimulationPlan losing = SimulationPlan.of(5).withOutcome(new SimulationPlan.Outcome(0, 0));
    assertEquals(4, killed.readDurableBlock(0)[0]);
    assertEquals("44444444", versions(cutAfterRestart(killed, losing, false)));
    assertEquals("55555555", versions(cutAfterRestart(killed, losing, true)));
  }

  /** Starts the next process on a device, which may flush it, and cuts the power. */
  private SimulatedDevice cutAfterRestart(
      SimulatedDevice killed, SimulationPlan plan, boolean flushes) {
    Simulation simulation = new Simulation(plan.seed());
    SimulatedDevice device = killed.afterProcessEnd(plan, simulation);
    assertEquals("55555555", versions(device));
    simulation.client(
        "client",
        () -> {
          try (QueuePair queuePair = device.openQueuePair(16)) {
            if (flushes) {
              await(simulation, queuePair, queuePair.tryFlush(0));
            }
            simulation.cutPower();
          }
        });
    simulation.run();
    return device.afterPowerCut(plan, new Simulation(1));
  }

  @Test
  void shouldGrowToItsLimit() throws IOException {
    try (BlockDevice device = Devices.open("sim:1MiB?seed=3", new Simulation(3))) {
      assertEquals(2048, device.blockCount());
      device.grow(4096);
      assertEquals(4096, device.blockCount());
      assertThrows(IOException.class, () -> device.grow(1 << 20));
      assertEquals(4096, device.blockCount());
    }
  }

  @Test
  void shouldRefuseAnUnknownOption() {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> Devices.open("sim:1MiB?sead=3", new Simulation(3)));
    assertTrue(String.valueOf(e.getMessage()).contains("seed"));
  }

  private SimulatedDevice run(SimulationPlan plan, BiConsumer<Simulation, QueuePair> body) {
    return run(SimulatedGeometry.of(1 << 20), plan, body);
  }

  private SimulatedDevice run(
      SimulatedGeometry geometry, SimulationPlan plan, BiConsumer<Simulation, QueuePair> body) {
    Simulation simulation = new Simulation(plan.seed());
    SimulatedDevice device = new SimulatedDevice(geometry, plan, simulation);
    simulation.client(
        "client",
        () -> {
          try (QueuePair queuePair = device.openQueuePair(16)) {
            body.accept(simulation, queuePair);
          }
        });
    simulation.run();
    return device;
  }

  private static int await(Simulation simulation, QueuePair queuePair, boolean queued) {
    assertTrue(queued);
    int[] status = {-1};
    while (status[0] < 0) {
      queuePair.sleep(1_000_000);
      queuePair.poll((_, ended) -> status[0] = ended, 1);
    }
    assertFalse(simulation.powerCut());
    return status[0];
  }

  private static void refuses(Runnable call) {
    assertThrows(IllegalArgumentException.class, call::run);
  }

  private static String versions(SimulatedDevice device) {
    StringBuilder text = new StringBuilder();
    for (int lba = 0; lba < PAGE_BLOCKS; lba++) {
      text.append(device.readBlock(lba)[0]);
    }
    return text.toString();
  }

  private void fill(int page, int value) {
    memory.asSlice(4096L * page, 4096).fill((byte) value);
  }

  private byte at(int page) {
    return memory.get(ValueLayout.JAVA_BYTE, 4096L * page);
  }

  private long address(int page) {
    return memory.address() + 4096L * page;
  }
}
