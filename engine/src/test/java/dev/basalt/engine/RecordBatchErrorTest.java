// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.engine.internal.EngineSwitches;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.sim.SimulatedDevice;
import dev.basalt.iostack.sim.SimulatedGeometry;
import dev.basalt.iostack.sim.SimulationPlan;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One failing read under a scan by batches: who calls again misses no entry and has none twice. */
@Timeout(120)
final class RecordBatchErrorTest {
  private static final UUID STORE_ID = new UUID(5, 6);
  private static final int RECORDS = 60;
  private static final int LARGE_BYTES = 30_000;
  private static final int FIRST_COMMAND = 10;
  private static final int LAST_COMMAND = 150;
  private static final int COMMAND_STEP = 3;
  private static final SimulationPlan PLAN =
      SimulationPlan.of(5).withLatencies(new SimulationPlan.Latencies(0, 0, 0, 0));

  @Test
  void shouldGoOnWhereAFailedReadInterruptedIt() {
    SimulatedDevice device =
        new SimulatedDevice(SimulatedGeometry.of(16 << 20), PLAN, Execution.threads());
    List<String> keys = new ArrayList<>();
    try (Store store = open(device)) {
      for (int i = 0; i < RECORDS; i++) {
        String key = "key%03d".formatted(i);
        store.table("t").put(bytes(key), new byte[i % 3 == 0 ? LARGE_BYTES : 700]);
        keys.add(key);
      }
    }
    int failed = 0;
    for (int command = FIRST_COMMAND; command < LAST_COMMAND; command += COMMAND_STEP) {
      device = device.afterProcessEnd(PLAN.withErrorAt(command), Execution.threads());
      failed += tryScan(device, keys, command % 2 == 0) ? 1 : 0;
    }
    assertTrue(failed > 4, "errors that reached a scan: " + failed);
  }

  /** Returns whether the error reached the scan. */
  private static boolean tryScan(SimulatedDevice device, List<String> keys, boolean isUpwards) {
    List<String> expected = new ArrayList<>(keys);
    if (!isUpwards) {
      Collections.reverse(expected);
    }
    try (Store store = open(device)) {
      List<String> found = new ArrayList<>();
      boolean hasFailed = false;
      RecordBatch batch = new RecordBatch(8, 64 << 10);
      try (Cursor cursor = store.table("t").cursor(Range.all())) {
        boolean isEnd = false;
        while (!isEnd) {
          try {
            isEnd = (isUpwards ? cursor.next(batch) : cursor.previous(batch)) == 0;
          } catch (StorePoisonedException e) {
            return false; // of another command than a read of the scan
          } catch (StoreException e) {
            hasFailed = true;
          }
          for (int i = 0; i < batch.count(); i++) {
            found.add(new String(batch.keyBytes(i), StandardCharsets.UTF_8));
          }
        }
      }
      assertEquals(expected, found);
      return hasFailed;
    } catch (StoreException e) {
      return false; // of another command than a read of the scan
    }
  }

  private static Store open(SimulatedDevice device) {
    StoreConfig config =
        StoreConfig.builder()
            .device("sim:test")
            .poolBytes(1 << 20)
            .logBytes(1 << 20)
            .growthBytes(1 << 18)
            .queueDepth(8)
            .logWaitMillis(200)
            .warmRestart(false) // else the pages are read before the scan comes to them
            .build();
    return Store.open(config, device, Execution.threads(), EngineSwitches.NONE_BROKEN, STORE_ID);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
