// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.engine.internal.EngineSwitches;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.sim.SimulatedDevice;
import dev.basalt.iostack.sim.SimulatedGeometry;
import dev.basalt.iostack.sim.Simulation;
import dev.basalt.iostack.sim.SimulationPlan;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Recoveries that have gone wrong once. */
@Timeout(120)
final class RecoveryTest {
  private static final UUID STORE_ID = new UUID(1, 2);
  private static final int PAGE_BYTES = 4096;
  private static final int MANY = 400;
  private static final int COMMANDS_OF_OPENING = 16;
  private static final SimulationPlan PLAN =
      SimulationPlan.of(7).withLatencies(new SimulationPlan.Latencies(0, 0, 0, 0));

  private static StoreConfig config(long logBytes) {
    return StoreConfig.builder()
        .device("sim:test")
        .poolBytes(1 << 20)
        .logBytes(logBytes)
        .growthBytes(PAGE_BYTES)
        .checkpointPercent(90)
        .logWaitMillis(1_000)
        .queueDepth(8)
        .build();
  }

  private static Store open(StoreConfig config, SimulatedDevice device, Execution execution) {
    return Store.open(config, device, execution, EngineSwitches.NONE_BROKEN, STORE_ID);
  }

  private static byte[] key(int index) {
    return ("key-" + index).getBytes(StandardCharsets.UTF_8);
  }

  /** In the worst case the batch takes more log than the puts have left; it takes next to none. */
  @Test
  void shouldApplyABatchAgainAtTheBeginOfAFullLog() {
    StoreConfig config = config(1 << 18);
    SimulatedDevice device =
        new SimulatedDevice(SimulatedGeometry.of(16 << 20), PLAN, Execution.threads());
    Store killed = open(config, device, Execution.threads());
    killed.table("t");
    WriteBatch batch = new WriteBatch();
    for (int i = 0; i < 5; i++) {
      batch.put("t", key(i), new byte[100]);
    }
    killed.write(batch);
    for (int i = 0; i < 400; i++) {
      killed.table("t").put(key(i % 5), new byte[250]);
    }
    SimulatedDevice next = device.afterProcessEnd(PLAN, Execution.threads());
    try (Store store = open(config, next, Execution.threads())) {
      assertEquals(1, store.statistics().counter("log.checkpoints"), "one, at the end");
      assertArrayEquals(new byte[250], store.table("t").get(key(0)));
      assertTrue(store.verify().isWhole());
    }
    killed.close();
  }

  /** Values that were large, and are gone, need their pages once more, which others have now. */
  @Test
  void shouldReservePagesForCommitsThatItAppliesAgain() {
    StoreConfig config = config(16 << 20);
    long bytes = config.logBytes() + (1 << 20) + 64 * PAGE_BYTES;
    SimulatedDevice device =
        new SimulatedDevice(SimulatedGeometry.of(bytes), PLAN, Execution.threads());
    Store killed = open(config, device, Execution.threads());
    for (int i = 0; i < MANY; i++) {
      killed.table("first").put(key(i), new byte[1000]);
    }
    for (int i = 0; i < MANY; i++) {
      killed.table("first").delete(key(i));
    }
    for (int i = 0; i < MANY; i++) {
      killed.table("second").put(key(i), new byte[1000]);
    }
    assertTrue(killed.statistics().counter("store.pagesFree") < MANY / 8, "the store is full");
    SimulatedDevice next = device.afterProcessEnd(PLAN, Execution.threads());
    try (Store store = open(config, next, Execution.threads())) {
      assertTrue(store.verify().isWhole());
      assertEquals(MANY, store.verify().tables().getLast().entryCount());
    }
    killed.close();
  }

  /**
   * A process is killed when its superblock is written and not flushed; the power goes when the
   * next one has written the other superblock. Were the first one lost then and the second kept,
   * the two would not belong together.
   */
  @Test
  void shouldFindASuperblockAfterAKillAndAPowerCut() {
    StoreConfig config = config(1 << 18);
    SimulatedDevice closed = live(config, null, 0);
    for (int kill = 1; kill <= COMMANDS_OF_OPENING; kill++) {
      SimulatedDevice killed = live(config, closed, kill);
      for (int cut = 1; cut <= COMMANDS_OF_OPENING; cut++) {
        SimulatedDevice device = live(config, killed, cut);
        for (int seed = 0; seed < 4; seed++) {
          SimulationPlan plan = PLAN.withSeed(seed);
          open(config, device.afterPowerCut(plan, Execution.threads()), Execution.threads())
              .close();
        }
      }
    }
  }

  /** Opens a store, writes and closes it; ends at some command, if not 0. */
  private static SimulatedDevice live(
      StoreConfig config, @Nullable SimulatedDevice before, int lastCommand) {
    Simulation simulation = new Simulation(lastCommand);
    SimulationPlan plan = PLAN.withPowerCutAt(lastCommand);
    SimulatedDevice device =
        before == null
            ? new SimulatedDevice(SimulatedGeometry.of(4 << 20), plan, simulation)
            : before.afterProcessEnd(plan, simulation);
    simulation.client(
        "client",
        () -> {
          try (Store store = open(config, device, simulation)) {
            store.table("t").put(key(lastCommand), new byte[10]);
          }
        });
    simulation.run();
    return device;
  }
}
