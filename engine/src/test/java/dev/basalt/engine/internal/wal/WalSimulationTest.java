// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.iostack.sim.SimulatedDevice;
import dev.basalt.iostack.sim.SimulatedGeometry;
import dev.basalt.iostack.sim.Simulation;
import dev.basalt.iostack.sim.SimulationPlan;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * Several lives of a log on the simulated device, each ended by a power cut: what was acknowledged
 * is there, what is there was appended, in order, without holes.
 */
class WalSimulationTest {
  private static final long LOG_BYTES = 1 << 18;
  private static final long DEVICE_BYTES = 2 << 20;
  private static final int SEED_COUNT = Integer.getInteger("basalt.seeds", 300);
  private static final long SEED_FIRST = Long.getLong("basalt.seed", 1);
  private static final int LIFE_COUNT = 8;
  private static final int BLOCK_FILL_BYTES =
      512 - RecordDescriptor.ENTRIES_OFFSET - CommitEntryDescriptor.KEY_OFFSET - Long.BYTES;

  @Test
  void shouldKeepAcknowledgedCommitsOverPowerCuts() {
    for (long seed = SEED_FIRST; seed < SEED_FIRST + SEED_COUNT; seed++) {
      try {
        new Run(seed).lives();
      } catch (IOException | AssertionError e) {
        throw new AssertionError("reproduce: -Dbasalt.seed=" + seed + " -Dbasalt.seeds=1", e);
      }
    }
  }

  @Test
  void shouldGiveTheSameTraceForTheSameSeed() throws IOException {
    Run first = new Run(42);
    Run second = new Run(42);
    first.lives();
    second.lives();
    assertEquals(first.traces, second.traces);
  }

  /** What a run is after. */
  private enum Kind {
    /** Short lives, records of one block: those of an earlier life are in their places. */
    GHOSTS,
    /** Large records: the ring is overwritten again and again. */
    WRAPS,
    /** A bit of all. */
    MIXED
  }

  /** All lives of one device. */
  private static final class Run {
    final Random random;
    final long seed;
    final Kind kind;
    final List<Long> traces = new ArrayList<>();

    /** LSN of each number ever appended, and of those appended in the newest life. */
    final Map<Long, Long> lsns = new HashMap<>();

    final Map<Long, Long> lifeLsns = new HashMap<>();

    /** Acknowledged, or seen after a recovery. */
    final Set<Long> acknowledged = new HashSet<>();

    /** Not there after a recovery, although appended. */
    final Set<Long> dead = new HashSet<>();

    long numberNext = 1;

    Run(long seed) {
      this.seed = seed;
      kind = List.of(Kind.GHOSTS, Kind.WRAPS, Kind.MIXED).get(Math.floorMod(seed, 3));
      random = new Random(seed);
    }

    void lives() throws IOException {
      Simulation simulation = new Simulation(seed);
      boolean cache = random.nextInt(4) > 0;
      int atomic = random.nextBoolean() ? 512 : 4096;
      long blocks = DEVICE_BYTES / 512;
      SimulatedDevice device =
          new SimulatedDevice(
              new SimulatedGeometry(blocks, blocks, 512, atomic, cache), plan(0), simulation);
      for (int life = 1; life <= LIFE_COUNT; life++) {
        live(device, simulation, life);
        traces.add(simulation.traceHash());
        simulation = new Simulation(seed + 1_000_003L * life);
        SimulationPlan next = plan(life);
        device =
            device.capabilities().volatileWriteCache() || random.nextBoolean()
                ? device.afterPowerCut(next, simulation)
                : device.afterProcessEnd(next, simulation);
      }
    }

    private SimulationPlan plan(int life) {
      return SimulationPlan.of(seed * 31 + life)
          .withPowerCutAt((life == 0 ? 40 : 2) + random.nextInt(kind == Kind.GHOSTS ? 40 : 200));
    }

    private void live(SimulatedDevice device, Simulation simulation, int life) {
      simulation.client("owner", () -> own(device, simulation, life));
      simulation.run();
      assertTrue(simulation.powerCut(), "no power cut in life " + life);
    }

    private void own(SimulatedDevice device, Simulation simulation, int life) {
      try {
        WalConfig config =
            new WalConfig(random.nextInt(2_000_000), 30, 1_000_000_000L, 2 + life, false);
        LogLife log = LogLife.open(device, LOG_BYTES, config, simulation);
        verify(log);
        for (int i = 0; i < (kind == Kind.GHOSTS ? 12 : 3); i++) {
          simulation.client("committer-" + i, () -> commitForEver(log, simulation));
        }
        checkpointForEver(log, simulation);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private void verify(LogLife log) {
      Set<Long> there = new HashSet<>(log.recovered);
      assertEquals(there.size(), log.recovered.size(), "a commit is there twice");
      assertTrue(lsns.keySet().containsAll(there), "a commit is there that was never appended");
      assertTrue(Collections.disjoint(there, dead), "a commit is there again that was lost before");
      long before = 0;
      for (long number : log.recovered) {
        assertTrue(lsn(number) > before, "commits are out of order");
        before = lsn(number);
      }
      assertThere(there, log, acknowledged);
      assertThere(
          there, log, lifeLsns.keySet().stream().filter(n -> isBefore(n, log.end)).toList());
      acknowledged.addAll(there); // what was seen must never go away again
      lsns.keySet().stream().filter(n -> !isBefore(n, log.end)).forEach(dead::add);
      lifeLsns.clear();
    }

    private long lsn(long number) {
      return Objects.requireNonNull(lsns.get(number));
    }

    private boolean isBefore(long number, LogEnd end) {
      return lsn(number) < end.endLsn();
    }

    /** Whatever is not before the redo LSN, hence in the pages, must be in the log. */
    private void assertThere(Set<Long> there, LogLife log, Collection<Long> numbers) {
      for (long number : numbers) {
        long lsn = lsn(number);
        assertTrue(
            there.contains(number) || lsn < log.start.redoLsn(),
            () -> "commit " + number + " at LSN " + lsn + " is lost: " + log.start + log.end);
      }
    }

    private void commitForEver(LogLife log, Simulation simulation) {
      CommitRecord record = new CommitRecord(64);
      Random chance = simulation.random();
      try {
        while (true) {
          int fill = fillBytes(chance);
          log.wal.admit(24_000);
          long number = numberNext++;
          LogLife.set(record, number, fill);
          long lsn = log.wal.append(record);
          lsns.put(number, lsn);
          lifeLsns.put(number, lsn);
          simulation.interleave();
          log.wal.applied(record.commitSequence());
          if (chance.nextInt(3) > 0) {
            log.wal.awaitDurable(lsn);
            acknowledged.add(number);
          }
          log.wal.release(24_000);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private int fillBytes(Random chance) {
      return switch (kind) {
        case GHOSTS -> BLOCK_FILL_BYTES;
        case WRAPS -> chance.nextInt(20_000);
        case MIXED -> chance.nextInt(20) == 0 ? chance.nextInt(20_000) : chance.nextInt(300);
      };
    }

    /** As if pages took no time: what is before the redo LSN counts as in the pages. */
    private void checkpointForEver(LogLife log, Simulation simulation) throws IOException {
      while (true) {
        simulation.parkNanos(this, 100_000);
        if (log.wal.isCheckpointWanted()) {
          log.checkpoint();
        }
      }
    }
  }
}
