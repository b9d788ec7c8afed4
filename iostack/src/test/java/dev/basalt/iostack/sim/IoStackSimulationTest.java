// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.basalt.iostack.IoException;
import dev.basalt.iostack.IoStack;
import dev.basalt.iostack.IoStackConfig;
import dev.basalt.iostack.IoStatus;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Several clients do blocking I/O on a simulated device and check each block they read. */
@Timeout(60)
class IoStackSimulationTest {
  private static final int CLIENTS = 4;
  private static final int BLOCKS_EACH = 8;
  private static final int BLOCK = 512;
  private static final IoStackConfig SMALL = new IoStackConfig(2, 2, 2);

  @Test
  void shouldReadWhatWasWrittenAndRepeatItself() {
    for (long seed = 0; seed < 200; seed++) {
      World first = new World(SimulationPlan.of(seed));
      first.run(40);
      assertEquals(CLIENTS, first.ended.get());
      if (seed % 10 == 0) {
        World second = new World(SimulationPlan.of(seed));
        second.run(40);
        assertEquals(first.simulation.traceHash(), second.simulation.traceHash());
      }
    }
  }

  @Test
  void shouldReportErrorsToTheCallerThatMetThem() {
    int errors = 0;
    for (long seed = 0; seed < 50; seed++) {
      World world =
          new World(SimulationPlan.of(seed).withErrors(new SimulationPlan.Errors(0.05, 0.05, 0.1)));
      world.run(40);
      assertEquals(CLIENTS, world.ended.get());
      errors += world.errors.get();
    }
    assertTrue(errors > 100, "errors: " + errors);
  }

  /** No write is lost whose flush has returned, none appears that was never written. */
  @Test
  void shouldKeepFlushedWritesOverAPowerCut() {
    int cuts = 0;
    for (long seed = 0; seed < 300; seed++) {
      World world = new World(SimulationPlan.of(seed).withPowerCutAt(1 + seed * 7 % 250));
      world.run(60);
      if (world.simulation.powerCut()) {
        cuts++;
        world.checkSurvivors(
            world.device.afterPowerCut(SimulationPlan.of(seed), new Simulation(seed)));
      }
      if (seed % 20 == 0) {
        World again = new World(SimulationPlan.of(seed).withPowerCutAt(1 + seed * 7 % 250));
        again.run(60);
        assertEquals(world.simulation.traceHash(), again.simulation.traceHash());
      }
    }
    assertTrue(cuts > 200, "cuts: " + cuts);
  }

  @Test
  void shouldCloseUnderLoad() {
    for (long seed = 0; seed < 200; seed++) {
      Simulation simulation = new Simulation(seed);
      SimulatedDevice device =
          new SimulatedDevice(SimulatedGeometry.of(1 << 20), SimulationPlan.of(seed), simulation);
      AtomicInteger refused = new AtomicInteger();
      try (Arena arena = Arena.ofShared()) {
        MemorySegment memory = arena.allocate(4096, 4096);
        simulation.client("owner", () -> closeUnderLoad(simulation, device, memory, refused));
        simulation.run();
      }
      assertEquals(CLIENTS, refused.get());
    }
  }

  private static void closeUnderLoad(
      Simulation simulation, SimulatedDevice device, MemorySegment memory, AtomicInteger refused) {
    IoStack stack = start(device, simulation);
    for (int i = 0; i < CLIENTS; i++) {
      int lba = i;
      simulation.client(
          "reader " + i,
          () -> {
            try {
              while (true) {
                stack.read(lba, 1, memory.address() + (long) lba * BLOCK);
              }
            } catch (IllegalStateException e) {
              refused.incrementAndGet();
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    }
    simulation.parkNanos("load", 1 + simulation.random().nextInt(500_000));
    stack.close();
    stack.close();
    assertThrows(IllegalStateException.class, stack::flush);
  }

  private static IoStack start(SimulatedDevice device, Simulation simulation) {
    try {
      return IoStack.start(device, SMALL, simulation);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A device with clients that each own some blocks and know what must be in them. */
  private static final class World {
    final Simulation simulation;
    final SimulatedDevice device;
    final AtomicInteger ended = new AtomicInteger();
    final AtomicInteger errors = new AtomicInteger();

    /** For each block: the version that must survive, and the newest that was begun. */
    final long[] durable = new long[CLIENTS * BLOCKS_EACH];

    final long[] begun = new long[CLIENTS * BLOCKS_EACH];

    World(SimulationPlan plan) {
      simulation = new Simulation(plan.seed());
      device = new SimulatedDevice(SimulatedGeometry.of(1 << 20), plan, simulation);
    }

    void run(int rounds) {
      try (Arena arena = Arena.ofShared()) {
        MemorySegment memory = arena.allocate((long) CLIENTS * BLOCK, 4096);
        simulation.client("owner", () -> own(memory, rounds));
        simulation.run();
      }
    }

    private void own(MemorySegment memory, int rounds) {
      IoStack stack = start(device, simulation);
      List<SimulatedClient> clients = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        int client = i;
        MemorySegment block = memory.asSlice((long) i * BLOCK, BLOCK);
        Random random = new Random(simulation.random().nextLong());
        clients.add(
            simulation.client("client " + i, () -> use(stack, client, block, random, rounds)));
      }
      clients.forEach(SimulatedClient::join);
      assertTrue(stack.statistics().reads() > 0);
      stack.close();
    }

    private void use(IoStack stack, int client, MemorySegment block, Random random, int rounds) {
      long[] written = new long[BLOCKS_EACH];
      for (int round = 1; round <= rounds; round++) {
        int own = random.nextInt(BLOCKS_EACH);
        int lba = client * BLOCKS_EACH + own;
        try {
          switch (random.nextInt(5)) {
            case 0, 1 -> write(stack, block, lba, round, written, own);
            case 2, 3 -> check(stack, block, lba, written[own]);
            default -> flush(stack, client, written);
          }
        } catch (IoException e) {
          assertTrue(e.status() != IoStatus.SUCCESS);
          errors.incrementAndGet();
        } catch (IOException e) {
          fail(e);
        }
      }
      ended.incrementAndGet();
    }

    private void write(
        IoStack stack, MemorySegment block, int lba, int round, long[] written, int own)
        throws IOException {
      block.fill((byte) round);
      block.set(ValueLayout.JAVA_LONG, 0, (long) lba << 32 | round);
      begun[lba] = round;
      written[own] = -1; // unknown, if it fails
      stack.write(lba, 1, block.address());
      written[own] = round;
    }

    private void check(IoStack stack, MemorySegment block, int lba, long version)
        throws IOException {
      block.fill((byte) -1);
      stack.read(lba, 1, block.address());
      if (version > 0) {
        assertEquals((long) lba << 32 | version, block.get(ValueLayout.JAVA_LONG, 0));
        assertEquals((byte) version, block.get(ValueLayout.JAVA_BYTE, BLOCK - 1));
      }
    }

    private void flush(IoStack stack, int client, long[] written) throws IOException {
      stack.flush();
      for (int i = 0; i < BLOCKS_EACH; i++) {
        int lba = client * BLOCKS_EACH + i;
        durable[lba] = Math.max(durable[lba], written[i]);
      }
    }

    void checkSurvivors(SimulatedDevice next) {
      for (int lba = 0; lba < durable.length; lba++) {
        MemorySegment block = MemorySegment.ofArray(next.readBlock(lba));
        long word = block.get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
        long version = word & 0xffffffffL;
        assertTrue(version >= durable[lba], "block " + lba + " is older than its flush");
        assertTrue(version <= begun[lba], "block " + lba + " is from nowhere");
        assertEquals(version == 0 ? 0 : (long) lba << 32 | version, word);
      }
    }
  }
}
