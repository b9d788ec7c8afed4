// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.engine.internal.EngineSwitches;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.sim.SimulatedDevice;
import dev.basalt.iostack.sim.SimulatedGeometry;
import dev.basalt.iostack.sim.SimulationPlan;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One failing command in the life of large values: no run stays behind, whatever it was. */
@Timeout(120)
final class StoreErrorTest {
  private static final UUID STORE_ID = new UUID(3, 4);
  private static final int LOG_BYTES = 1 << 20;
  private static final int VALUE_BYTES = 30_000;
  private static final int LARGER_THAN_POOL_BYTES = 3 << 20;
  private static final SimulationPlan PLAN =
      SimulationPlan.of(5).withLatencies(new SimulationPlan.Latencies(0, 0, 0, 0));

  private static Store open(SimulatedDevice device) {
    StoreConfig config =
        StoreConfig.builder()
            .device("sim:test")
            .poolBytes(1 << 20)
            .logBytes(LOG_BYTES)
            .growthBytes(1 << 18)
            .queueDepth(8)
            .logWaitMillis(200)
            .build();
    return Store.open(config, device, Execution.threads(), EngineSwitches.NONE_BROKEN, STORE_ID);
  }

  private static byte[] key(int record) {
    return ("key" + record).getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] value(int record, int length) {
    byte[] value = new byte[length];
    Arrays.fill(value, (byte) record);
    return value;
  }

  @Test
  void shouldGoOnOrTellTheCauseAfterAnyFailedCommandOfALargeValue() {
    int failed = 0;
    for (int command = 60; command < 260; command++) {
      SimulatedDevice device =
          new SimulatedDevice(
              SimulatedGeometry.of(8 << 20), PLAN.withErrorAt(command), Execution.threads());
      failed += liveThroughAnError(device, command) ? 1 : 0;
    }
    assertTrue(failed > 0, "no error reached a caller");
  }

  @Test
  void shouldNotGoOnAfterAFailedFlush() {
    Set<String> failures = new TreeSet<>();
    for (int command = 20; command < 320; command += 2) {
      SimulatedDevice device =
          new SimulatedDevice(
              SimulatedGeometry.of(8 << 20), PLAN.withErrorAt(command), Execution.threads());
      try (Store store = open(device)) {
        failures.addAll(putUntilAFlushFails(store));
      } catch (StoreException e) {
        assertNotNull(e.getMessage());
      }
    }
    assertTrue(failures.size() >= 2, failures.toString());
  }

  /** Returns what the store said, of a failed flush only. */
  private static Set<String> putUntilAFlushFails(Store store) {
    Table table = store.table("t");
    for (int i = 0; i < 100; i++) {
      try {
        table.put(key(i), value(i, i % 3 == 0 ? VALUE_BYTES : 700));
      } catch (StoreException e) {
        String message = String.valueOf(e.getMessage());
        if (message.contains("flush")) {
          assertThrows(StorePoisonedException.class, () -> table.get(key(0)), message);
          return Set.of(message);
        }
      }
    }
    return Set.of();
  }

  /** Returns whether the error reached a caller. */
  private static boolean liveThroughAnError(SimulatedDevice device, int command) {
    boolean[] isStored = new boolean[200];
    boolean hasFailed = false;
    boolean isPoisoned = false;
    Store store = null;
    try {
      store = open(device);
      Table table = store.table("t");
      for (int i = 0; i < isStored.length && !isPoisoned; i++) {
        try {
          table.put(key(i), value(i, i % 3 == 0 ? VALUE_BYTES : 700));
          isStored[i] = true;
        } catch (StorePoisonedException e) {
          isPoisoned = true;
        } catch (StoreException e) {
          assertNotNull(e.getMessage());
          hasFailed = true;
        }
      }
      if (hasFailed && !isPoisoned) {
        writeMoreThanTheLogHolds(table);
      }
    } catch (StoreException e) {
      isPoisoned = true;
    }
    SimulatedDevice next = device.afterProcessEnd(PLAN, Execution.threads());
    if (store != null) {
      close(store);
    }
    check(next, isStored, command);
    return hasFailed || isPoisoned;
  }

  private static void close(Store store) {
    try {
      store.close();
    } catch (StoreException e) {
      assertNotNull(e.getMessage());
    }
  }

  /** Fails with a full log when a run that was left holds back the redo point. */
  private static void writeMoreThanTheLogHolds(Table table) {
    for (int written = 0; written < 3 * LOG_BYTES; written += 900) {
      table.put(key(1_000 + written % 16), value(written, 900));
    }
  }

  private static void check(SimulatedDevice device, boolean[] isStored, int command) {
    try (Store store = open(device)) {
      for (int i = 0; i < isStored.length; i++) {
        if (isStored[i]) {
          byte[] expected = value(i, i % 3 == 0 ? VALUE_BYTES : 700);
          assertArrayEquals(expected, store.table("t").get(key(i)), "command " + command);
        }
      }
      assertEquals("[]", store.verify().problems().toString(), "command " + command);
    }
  }

  @Test
  void shouldFreeARunLaterWhenItsSpaceMapCannotBeReadNow() throws InterruptedException {
    SimulatedDevice device =
        new SimulatedDevice(SimulatedGeometry.of(32 << 20), PLAN, Execution.threads());
    Store store = open(device);
    Table table = store.table("t");
    for (int round = 0; round < 6; round++) {
      WriteBatch batch =
          new WriteBatch()
              .put("t", key(0), value(round, LARGER_THAN_POOL_BYTES))
              .put("t", key(1), value(round, LARGER_THAN_POOL_BYTES));
      Thread damager = damageSpaceMapOnceWritten(device);
      try {
        store.write(batch);
      } catch (StoreDamagedException e) {
        assertNotNull(e.getMessage());
      }
      damager.interrupt();
      damager.join();
      writeMoreThanTheLogHolds(table);
      assertEquals("[]", store.verify().problems().toString());
    }
    SimulatedDevice next = device.afterProcessEnd(PLAN, Execution.threads());
    store.close();
    check(next, new boolean[0], 0);
  }

  /**
   * Flips a bit of page 0 when it was written, which a pool that small does while it writes a large
   * value; and back again when interrupted, unless it was written meanwhile.
   */
  private static Thread damageSpaceMapOnceWritten(SimulatedDevice device) {
    int blockBytes = device.capabilities().blockBytes();
    long lba = ((1L << 20) + LOG_BYTES) / blockBytes;
    byte[] before = device.readBlock(lba);
    return Thread.ofPlatform()
        .start(
            () -> {
              while (Arrays.equals(before, device.readBlock(lba))) {
                if (Thread.interrupted()) {
                  return;
                }
              }
              device.flipBit(lba, 800);
              byte[] damaged = device.readBlock(lba);
              while (!Thread.interrupted()) {
                Thread.onSpinWait();
              }
              if (Arrays.equals(damaged, device.readBlock(lba))) {
                device.flipBit(lba, 800);
              }
            });
  }
}
