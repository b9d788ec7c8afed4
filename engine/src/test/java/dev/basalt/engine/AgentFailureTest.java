// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.engine.internal.EngineSwitches;
import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.Capabilities;
import dev.basalt.iostack.QueuePair;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.agent.ParkingLot;
import dev.basalt.iostack.sim.SimulatedDevice;
import dev.basalt.iostack.sim.SimulatedGeometry;
import dev.basalt.iostack.sim.SimulationPlan;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An agent that ends with an error takes the store with it: nothing hangs, nothing goes on. */
@Timeout(60)
final class AgentFailureTest {
  private static final UUID STORE_ID = new UUID(5, 6);
  private static final long NOTICE_NANOS_MAX = 20_000_000_000L;
  private static final SimulationPlan PLAN =
      SimulationPlan.of(3).withLatencies(new SimulationPlan.Latencies(0, 0, 0, 0));

  /** The agent that fails, by its thread's name, and with what. */
  private volatile @Nullable String victim;

  private volatile Error error = new AssertionError();

  @ParameterizedTest
  @ValueSource(
      strings = {"io-poller-0", "log-writer", "page-provider", "page-writer", "checkpointer"})
  void shouldFailEveryCallWithTheErrorThatEndedAnAgent(String agent) {
    for (Error thrown :
        List.of(
            new OutOfMemoryError("injected"),
            new AssertionError("injected"),
            new StackOverflowError("injected"))) {
      error = thrown;
      failAgent(agent);
    }
  }

  private void failAgent(String agent) {
    SimulatedDevice device =
        new SimulatedDevice(SimulatedGeometry.of(16 << 20), PLAN, Execution.threads());
    Store store = open(new FailingDevice(device), new FailingExecution());
    Table table = store.table("t");
    for (int i = 0; i < 50; i++) {
      table.put(key(i), new byte[500]);
    }
    Cursor cursor = table.cursor(Range.all());
    assertTrue(cursor.next());
    victim = agent;
    if (agent.equals("checkpointer") || agent.equals("page-writer")) {
      StoreException e =
          assertThrows(StorePoisonedException.class, () -> checkpointForEver(store, table));
      assertTrue(hasCause(e), agent + ": " + e);
    }
    awaitPoisoned(table);
    List<Runnable> calls =
        List.of(
            () -> table.get(key(1)),
            () -> table.put(key(1), new byte[1]),
            () -> table.delete(key(1)),
            () -> table.cursor(Range.all()),
            cursor::next,
            () -> store.write(new WriteBatch().put("t", key(1), key(2))),
            store::checkpoint,
            store::verify);
    for (Runnable call : calls) {
      StoreException e = assertThrows(StorePoisonedException.class, call::run);
      assertTrue(hasCause(e), agent + ": " + e);
    }
    SimulatedDevice next = device.afterProcessEnd(PLAN, Execution.threads());
    victim = null;
    try {
      store.close();
    } catch (StoreException e) {
      assertNotNull(e.getMessage());
    }
    try (Store reopened = open(next, Execution.threads())) {
      for (int i = 0; i < 50; i++) {
        assertArrayEquals(new byte[500], reopened.table("t").get(key(i)));
      }
      assertEquals(List.of(), reopened.verify().problems());
    }
  }

  /** Until one has to wait for something, which the checkpointer's failure needs. */
  private static void checkpointForEver(Store store, Table table) {
    long deadline = System.nanoTime() + NOTICE_NANOS_MAX;
    while (System.nanoTime() < deadline) {
      table.put(key(0), new byte[500]);
      store.checkpoint();
    }
  }

  private static void awaitPoisoned(Table table) {
    long deadline = System.nanoTime() + NOTICE_NANOS_MAX;
    boolean isPoisoned = false;
    while (!isPoisoned) {
      assertTrue(System.nanoTime() < deadline, "reads go on although an agent has failed");
      try {
        assertNotNull(table.get(key(0)));
        Thread.onSpinWait();
      } catch (StorePoisonedException e) {
        isPoisoned = true;
      }
    }
  }

  private boolean hasCause(Throwable thrown) {
    Throwable cause = thrown;
    while (cause != null && !cause.equals(error)) {
      cause = cause.getCause();
    }
    return cause != null;
  }

  private static byte[] key(int record) {
    return ("key" + record).getBytes(StandardCharsets.UTF_8);
  }

  private static Store open(BlockDevice device, Execution execution) {
    StoreConfig config =
        StoreConfig.builder()
            .device("sim:test")
            .poolBytes(1 << 20)
            .logBytes(1 << 20)
            .growthBytes(1 << 20)
            .queueDepth(8)
            .pollerCount(1)
            .build();
    return Store.open(config, device, execution, EngineSwitches.NONE_BROKEN, STORE_ID);
  }

  private void failIfVictim() {
    if (Thread.currentThread().getName().equals(victim)) {
      throw error;
    }
  }

  /** A device whose queue pairs fail the agent that owns them. */
  private final class FailingDevice implements BlockDevice {
    private final BlockDevice device;

    FailingDevice(BlockDevice device) {
      this.device = device;
    }

    @Override
    public Capabilities capabilities() {
      return device.capabilities();
    }

    @Override
    public long blockCount() {
      return device.blockCount();
    }

    @Override
    public void grow(long blockCountMin) throws IOException {
      device.grow(blockCountMin);
    }

    @Override
    public QueuePair openQueuePair(int depth) throws IOException {
      QueuePair queuePair = device.openQueuePair(depth);
      return (QueuePair)
          Proxy.newProxyInstance(
              QueuePair.class.getClassLoader(),
              new Class<?>[] {QueuePair.class},
              (_, method, arguments) -> {
                if (method.getName().equals("poll")) {
                  failIfVictim();
                }
                try {
                  return method.invoke(queuePair, arguments);
                } catch (InvocationTargetException e) {
                  throw e.getCause();
                }
              });
    }

    @Override
    public void close() {
      device.close();
    }
  }

  /** Threads as in production, whose waits fail the agent that waits. */
  private final class FailingExecution extends RealThreads {
    @Override
    public void park(Object blocker) {
      if (blocker instanceof ParkingLot) { // what waits for the device belongs to it
        failIfVictim();
      }
      super.park(blocker);
    }

    @Override
    public boolean trySpin(int attempt) {
      return false;
    }
  }
}
