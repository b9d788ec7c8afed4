// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.engine.internal.EngineSwitches;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.sim.SimulatedDevice;
import dev.basalt.iostack.sim.SimulatedGeometry;
import dev.basalt.iostack.sim.Simulation;
import dev.basalt.iostack.sim.SimulationPlan;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What happens when the device, the process or the caller ends a store. */
@Timeout(60)
final class StoreResilienceTest {
  private static final UUID STORE_ID = new UUID(1, 2);
  private static final SimulationPlan PLAN =
      SimulationPlan.of(7).withLatencies(new SimulationPlan.Latencies(0, 0, 0, 0));

  private static SimulatedDevice device(SimulationPlan plan) {
    return new SimulatedDevice(SimulatedGeometry.of(16 << 20), plan, Execution.threads());
  }

  private static Store open(SimulatedDevice device, int growthBytes) {
    return open(device, growthBytes, Execution.threads());
  }

  private static Store open(SimulatedDevice device, int growthBytes, Execution execution) {
    StoreConfig config =
        StoreConfig.builder()
            .device("sim:test")
            .poolBytes(4 << 20)
            .logBytes(2 << 20)
            .growthBytes(growthBytes)
            .queueDepth(16)
            .build();
    return Store.open(config, device, execution, EngineSwitches.NONE_BROKEN, STORE_ID);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** Puts until the store fails; returns how many puts were acknowledged. */
  private static int putUntilFailure(Store store) {
    int acknowledged = 0;
    try {
      Table table = store.table("t");
      for (; acknowledged < 20_000; acknowledged++) {
        table.put(bytes("k" + acknowledged), new byte[200]);
      }
    } catch (StoreException e) {
      assertNotNull(e.getCause());
    }
    return acknowledged;
  }

  @Test
  void shouldKeepAllThatWasAcknowledgedWhenAnyCommandFails() {
    for (int command = 150; command < 1_000; command += 77) {
      SimulatedDevice device = device(PLAN.withErrorAt(command));
      Store store;
      try {
        store = open(device, 1 << 20);
      } catch (StoreException e) {
        continue; // the command was one of opening
      }
      int acknowledged = putUntilFailure(store);
      assertTrue(acknowledged < 20_000, "no error at command " + command);
      try {
        store.close();
      } catch (StoreException e) {
        assertNotNull(e.getCause());
      }
      try (Store next = open(device.afterProcessEnd(PLAN, Execution.threads()), 1 << 20)) {
        for (int i = 0; i < acknowledged; i++) {
          assertNotNull(next.table("t").get(bytes("k" + i)), "command " + command + ", key " + i);
        }
        assertTrue(next.verify().isWhole());
      }
    }
  }

  @Test
  void shouldFailEveryCallWithTheFirstCauseOnceTheLogHasFailed() {
    Store store = open(device(PLAN.withErrorAt(400)), 1 << 20); // a write or flush of the log
    Table table = store.table("t");
    StoreException cause =
        assertThrows(
            StoreException.class,
            () -> {
              for (int i = 0; i < 20_000; i++) {
                table.put(bytes("k" + i), bytes("v"));
              }
            });
    assertInstanceOf(StorePoisonedException.class, cause);
    List<Runnable> calls =
        List.of(
            () -> table.get(bytes("a")),
            () -> table.put(bytes("a"), bytes("2")),
            () -> table.delete(bytes("a")),
            () -> table.cursor(Range.all()),
            () -> store.table("t"),
            store::tables,
            store::checkpoint,
            store::verify);
    for (Runnable call : calls) {
      StoreException again = assertThrows(StorePoisonedException.class, call::run);
      assertEquals(cause.getMessage(), again.getMessage());
    }
    store.close();
  }

  @Test
  void shouldRecoverPagesThatWereGainedSinceTheLastCheckpoint() {
    SimulatedDevice device = device(PLAN);
    Store killed = open(device, 1 << 16);
    Table table = killed.table("t");
    for (int i = 0; i < 20_000; i++) {
      table.put(bytes("k" + i), new byte[900]);
    }
    SimulatedDevice next = device.afterProcessEnd(PLAN, Execution.threads());
    try (Store store = open(next, 1 << 16)) {
      assertEquals(20_000, store.verify().tables().getFirst().entryCount());
      assertTrue(store.verify().isWhole());
    }
    killed.close();
  }

  @Test
  void shouldRefuseEveryCallAfterClose() {
    Store store = open(device(PLAN), 1 << 20);
    Table table = store.table("t");
    Cursor cursor = table.cursor(Range.all());
    store.close();
    List<Runnable> calls =
        List.of(
            () -> table.get(bytes("a")),
            () -> table.put(bytes("a"), bytes("2")),
            () -> table.putIfAbsent(bytes("a"), bytes("2")),
            () -> table.compareAndSet(bytes("a"), bytes("1"), bytes("2")),
            () -> table.delete(bytes("a")),
            () -> table.cursor(Range.all()),
            () -> store.table("t"),
            () -> store.table("new"),
            () -> store.write(new WriteBatch().put("t", bytes("a"), bytes("b"))),
            cursor::next,
            cursor::previous,
            cursor::key,
            cursor::value,
            () -> cursor.seek(bytes("a")),
            store::tables,
            store::checkpoint,
            store::statistics,
            store::verify);
    for (Runnable call : calls) {
      assertThrows(StoreClosedException.class, call::run);
    }
    cursor.close();
    store.close();
  }

  @Test
  void shouldBeClosedWhenAnyOfSeveralClosersReturns() {
    for (long seed = 0; seed < 20; seed++) {
      Simulation simulation = new Simulation(seed);
      SimulatedDevice device =
          new SimulatedDevice(SimulatedGeometry.of(16 << 20), PLAN, simulation);
      simulation.client(
          "opener", () -> closeTwice(open(device, 1 << 20, simulation), simulation, device));
      simulation.run();
    }
  }

  private static void closeTwice(Store store, Simulation simulation, SimulatedDevice device) {
    store.table("t").put(bytes("a"), bytes("b"));
    for (int i = 0; i < 2; i++) {
      simulation.client(
          "closer " + i,
          () -> {
            store.close();
            assertThrows(IllegalStateException.class, () -> device.openQueuePair(1));
          });
    }
  }

  @Test
  void shouldCloseUnderAThousandThreads() throws InterruptedException {
    SimulatedDevice device = device(PLAN);
    Store store = open(device, 1 << 20);
    Table table = store.table("t");
    AtomicInteger acknowledged = new AtomicInteger();
    CountDownLatch begun = new CountDownLatch(1_000);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 1_000; i++) {
      byte[] key = bytes("k" + i);
      threads.add(
          Thread.startVirtualThread(
              () -> {
                begun.countDown();
                try {
                  table.put(key, key);
                  acknowledged.incrementAndGet();
                  while (true) {
                    assertArrayEquals(key, table.get(key));
                    table.put(key, key);
                  }
                } catch (StoreClosedException e) {
                  assertNotNull(e.getMessage());
                }
              }));
    }
    begun.await();
    store.close();
    for (Thread thread : threads) {
      thread.join();
    }
    try (Store next = open(device.afterProcessEnd(PLAN, Execution.threads()), 1 << 20)) {
      long stored = next.verify().tables().getFirst().entryCount();
      assertEquals(acknowledged.get(), stored);
    }
  }

  /** Its record would be longer than a record can be in so small a log. */
  @Test
  void shouldRefuseALargeValueWhoseFreePagesAreTooScattered() {
    StoreConfig config =
        StoreConfig.builder()
            .device("sim:test")
            .pageBytes(4096)
            .poolBytes(4 << 20)
            .logBytes(256 << 10)
            .growthBytes(1 << 20)
            .queueDepth(16)
            .build();
    try (SimulatedDevice device = device(PLAN);
        Store store =
            Store.open(config, device, Execution.threads(), EngineSwitches.NONE_BROKEN, STORE_ID)) {
      Table table = store.table("t");
      for (int i = 0; i < 2_400; i++) {
        table.put(bytes("k" + i), new byte[3_000]);
      }
      for (int i = 0; i < 2_400; i += 2) {
        table.delete(bytes("k" + i));
      }
      byte[] large = new byte[4_300_000];
      assertThrows(StoreFullException.class, () -> table.put(bytes("large"), large));
      assertThrows(
          StoreFullException.class, () -> store.table("other").bulkLoad(new Single(large)));
      store.checkpoint();
      table.put(bytes("next"), new byte[1_000_000]);
      VerifyReport report = store.verify();
      assertTrue(report.isWhole(), report.toString());
    }
  }

  /** One entry. */
  private static final class Single implements SortedSource {
    private final byte[] value;
    private boolean isRead;

    Single(byte[] value) {
      this.value = value;
    }

    @Override
    public boolean next() {
      boolean hasNext = !isRead;
      isRead = true;
      return hasNext;
    }

    @Override
    public MemorySegment key() {
      return MemorySegment.ofArray(bytes("key"));
    }

    @Override
    public MemorySegment value() {
      return MemorySegment.ofArray(value);
    }
  }
}
