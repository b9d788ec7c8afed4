// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.iostack.IoException;
import dev.basalt.iostack.agent.Agent;
import dev.basalt.iostack.agent.AgentHandle;
import dev.basalt.iostack.agent.Execution;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class PollerTest {
  private final StubQueuePair queuePair = new StubQueuePair(2);
  private final AtomicInteger ended = new AtomicInteger();
  private final List<Thread> callers = new ArrayList<>();

  /** Facts, trap 5: a full queue pair is a reason to sleep, whatever waits in the ring. */
  @Test
  void shouldSleepWhileTheQueuePairIsFull() throws InterruptedException {
    Poller poller = stepped();
    assertFalse(poller.hasWork());
    call(poller, 5);
    assertTrue(poller.hasWork());
    assertEquals(2, poller.doWork());
    assertEquals(1, queuePair.submitCount);
    assertFalse(poller.hasWork());
    assertEquals(0, poller.doWork());

    queuePair.completeCountMax = 1;
    assertEquals(1, poller.doWork());
    assertTrue(poller.hasWork());
    finish(poller, 5);
    assertFalse(poller.hasWork());
  }

  /** A queue pair may refuse below its depth, for want of staging memory or such. */
  @Test
  void shouldSleepWhenTheQueuePairRefusesBelowItsDepth() throws InterruptedException {
    Poller poller = stepped();
    queuePair.room = 1;
    call(poller, 3);
    assertEquals(1, poller.doWork());
    assertFalse(poller.hasWork());
    assertEquals(0, poller.doWork());
    queuePair.completeCountMax = 1;
    finish(poller, 3);
  }

  @Test
  void shouldHandABatchOverAtOnce() throws InterruptedException {
    StubQueuePair deep = new StubQueuePair(64);
    Poller poller = new Poller(deep, 64, new SteppedExecution());
    poller.start("poller");
    call(poller, 50);
    assertEquals(50, poller.doWork());
    assertEquals(1, deep.submitCount);
    assertEquals(1, poller.statistics().batches());
    deep.completeCountMax = 64;
    finish(poller, 50);
  }

  @Test
  void shouldFailEveryCallerWhenThePollerFails() throws InterruptedException {
    Poller poller = new Poller(queuePair, 4, Execution.threads());
    poller.start("poller");
    List<Throwable> causes = new ArrayList<>();
    for (int i = 0; i < 20; i++) { // 2 in flight, 2 in the ring, 16 wait for room
      callers.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    IoException e = assertThrows(IoException.class, () -> flush(poller));
                    synchronized (causes) {
                      causes.add(e.getCause());
                    }
                  }));
    }
    while (poller.statistics().roomWaits() < 16) {
      Thread.onSpinWait();
    }
    RuntimeException planted = new IllegalStateException("planted");
    queuePair.failure = planted;
    join();
    assertEquals(20, causes.size());
    causes.forEach(cause -> assertSame(planted, cause));
    assertSame(planted, assertThrows(IoException.class, () -> flush(poller)).getCause());
    assertTrue(queuePair.isClosed);
    poller.close();
  }

  private Poller stepped() {
    Poller poller = new Poller(queuePair, 8, new SteppedExecution());
    poller.start("poller");
    return poller;
  }

  /** Starts callers one after the other, each blocked in the ring when this returns. */
  private void call(Poller poller, int count) {
    for (int i = 0; i < count; i++) {
      Thread caller =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      flush(poller);
                      ended.incrementAndGet();
                    } catch (IOException e) {
                      throw new AssertionError(e);
                    }
                  });
      callers.add(caller);
      while (caller.getState() != Thread.State.WAITING) {
        Thread.onSpinWait();
      }
    }
  }

  private void finish(Poller poller, int count) throws InterruptedException {
    while (ended.get() < count) {
      poller.doWork();
    }
    join();
  }

  private void join() throws InterruptedException {
    for (Thread caller : callers) {
      caller.join();
    }
  }

  private static void flush(Poller poller) throws IOException {
    poller.execute(IoCommand.FLUSH, 0, 0, 0, null);
  }

  /** Starts no thread for an agent: the test steps it. */
  private static final class SteppedExecution implements Execution, AgentHandle {
    @Override
    public long nanoTime() {
      return Execution.threads().nanoTime();
    }

    @Override
    public void park(Object blocker) {
      Execution.threads().park(blocker);
    }

    @Override
    public void parkNanos(Object blocker, long nanos) {
      Execution.threads().parkNanos(blocker, nanos);
    }

    @Override
    public void unpark(Thread thread) {
      Execution.threads().unpark(thread);
    }

    @Override
    public boolean trySpin(int attempt) {
      return false;
    }

    @Override
    public AgentHandle start(String name, Agent agent) {
      return this;
    }

    @Override
    public void wake() {
      // Stepped, never asleep.
    }

    @Override
    public @Nullable Throwable failure() {
      return null;
    }

    @Override
    public void close() {
      // Nothing runs.
    }
  }
}
