// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.engine.StoreConfig;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.sim.SimulatedDevice;
import dev.basalt.iostack.sim.SimulatedGeometry;
import dev.basalt.iostack.sim.SimulationPlan;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What batches really append against what is admitted for them: random keys over a large tree right
 * after a checkpoint, so that each leaf and each inner node that is touched logs an image.
 */
@Timeout(120)
final class CommitBoundsIT {
  private static final int PAGE_BYTES = 4096;
  private static final int ROUND_COUNT = 12;
  private static final int RECORD_OVERHEAD_BYTES = 96;
  private static final SimulationPlan PLAN =
      SimulationPlan.of(17).withLatencies(new SimulationPlan.Latencies(0, 0, 0, 0));

  private final Random random = new Random(4);

  @ParameterizedTest
  @CsvSource({
    // keys in the tree, key bytes, value bytes, changes of a batch
    "60000, 8, 100, 1",
    "60000, 8, 100, 100",
    "60000, 8, 100, 400",
    "4000, 1000, 10, 1",
    "4000, 1000, 10, 200",
    "8000, 500, 500, 200",
  })
  void shouldAdmitWhatABatchAppends(int keys, int keyBytes, int valueBytes, int changes)
      throws IOException {
    SimulatedDevice device =
        new SimulatedDevice(SimulatedGeometry.of(64 << 20), PLAN, Execution.threads());
    StoreConfig config =
        StoreConfig.builder()
            .device("sim:test")
            .poolBytes(32 << 20)
            .logBytes(32 << 20)
            .queueDepth(16)
            .build();
    double worst = 0;
    try (Engine engine =
        Engine.open(
            config, device, Execution.threads(), EngineSwitches.NONE_BROKEN, new UUID(7, 8))) {
      TableTree table = engine.table("t");
      for (int done = 0; done < keys; done += 100) {
        engine.write(batch(table, 100, keyBytes, valueBytes, false));
      }
      for (int round = 0; round < ROUND_COUNT; round++) {
        engine.checkpoint();
        ChangeList batch = batch(table, changes, keyBytes, valueBytes, round % 3 == 2);
        long before = engine.statistics().counter("log.appendedLsn");
        long bound = bound(engine, table, batch);
        engine.write(batch);
        long appended = engine.statistics().counter("log.appendedLsn") - before;
        assertTrue(appended <= bound, appended + " bytes appended, " + bound + " admitted");
        worst = Math.max(worst, (double) appended / bound);
      }
      assertEquals(List.of(), engine.verify().problems());
    }
    System.out.printf(
        "batches of %d, keys of %d, values of %d: at most %.2f of the bound%n",
        changes, keyBytes, valueBytes, worst);
  }

  private ChangeList batch(
      TableTree table, int changes, int keyBytes, int valueBytes, boolean isDelete) {
    ChangeList batch = new ChangeList();
    for (int i = 0; i < changes; i++) {
      byte[] key = new byte[keyBytes];
      random.nextBytes(key);
      @Nullable MemorySegment value = isDelete ? null : MemorySegment.ofArray(new byte[valueBytes]);
      batch.add(table, MemorySegment.ofArray(key), value);
    }
    return batch;
  }

  private static long bound(Engine engine, TableTree table, ChangeList batch) {
    long bytes =
        new CommitBounds(PAGE_BYTES)
            .logBytes(
                table.tree().height(), batch.size(), engine.statistics().counter("store.pages"));
    for (int i = 0; i < batch.size(); i++) {
      MemorySegment value = batch.value(i);
      bytes += RECORD_OVERHEAD_BYTES + batch.key(i).byteSize();
      bytes += value == null ? 0 : value.byteSize();
    }
    return bytes;
  }
}
