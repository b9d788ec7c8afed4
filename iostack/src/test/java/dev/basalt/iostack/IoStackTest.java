// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.iostack.agent.Agent;
import dev.basalt.iostack.agent.AgentHandle;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.sim.SimulatedDevice;
import dev.basalt.iostack.sim.SimulatedGeometry;
import dev.basalt.iostack.sim.SimulationPlan;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Blocking calls of real threads, virtual and platform ones, on a device without latency. */
@Timeout(60)
class IoStackTest {
  private static final int BLOCK = 512;

  private final Arena arena = Arena.ofShared();

  @AfterEach
  void free() {
    arena.close();
  }

  @Test
  void shouldServeTenThousandVirtualThreads() throws Exception {
    int threadCount = 10_000;
    MemorySegment memory = arena.allocate((long) threadCount * BLOCK, 4096);
    LongAdder wrong = new LongAdder();
    try (IoStack stack = start(IoStackConfig.defaults())) {
      runVirtual(
          threadCount,
          i -> {
            MemorySegment block = memory.asSlice((long) i * BLOCK, BLOCK);
            for (int round = 1; round <= 3; round++) {
              block.fill((byte) (i + round));
              stack.write(i, 1, block.address());
              block.fill((byte) 0);
              stack.read(i, 1, block.address());
              if (block.get(ValueLayout.JAVA_BYTE, round) != (byte) (i + round)) {
                wrong.increment();
              }
            }
          });
      assertEquals(0, wrong.sum());
      assertEquals(3L * threadCount, stack.statistics().reads());
      assertEquals(3L * threadCount, stack.statistics().writes());
      assertTrue(stack.statistics().batches() < 6L * threadCount);
    }
  }

  @Test
  void shouldMakeCallersWaitForRoom() throws Exception {
    MemorySegment memory = arena.allocate(500L * BLOCK, 4096);
    try (IoStack stack = start(new IoStackConfig(2, 2, 4))) {
      runVirtual(
          500,
          i -> {
            for (int round = 0; round < 10; round++) {
              stack.read(i, 1, memory.address() + (long) i * BLOCK);
            }
          });
      assertEquals(5_000, stack.statistics().reads());
      assertTrue(stack.statistics().roomWaits() > 0);
    }
  }

  @Test
  void shouldSplitWhatIsLongerThanATransfer() throws Exception {
    long lengthBytes = 3L << 20;
    MemorySegment written = arena.allocate(lengthBytes, 4096);
    MemorySegment read = arena.allocate(lengthBytes, 4096);
    for (long i = 0; i < lengthBytes; i += 8) {
      written.set(ValueLayout.JAVA_LONG, i, i * 31);
    }
    try (IoStack stack = start(IoStackConfig.defaults())) {
      int blockCount = (int) (lengthBytes / BLOCK) - 1;
      stack.write(5, blockCount, written.address());
      stack.read(5, blockCount, read.address());
      long comparedBytes = lengthBytes - BLOCK;
      assertEquals(-1, written.asSlice(0, comparedBytes).mismatch(read.asSlice(0, comparedBytes)));
      assertEquals(3, stack.statistics().writes());
      stack.flush();
      stack.writeZeroes(5, blockCount);
      stack.deallocate(0, 5);
      stack.read(5, blockCount, read.address());
      assertEquals(0, read.get(ValueLayout.JAVA_LONG, 4096));
      assertEquals(3, stack.statistics().others());
    }
  }

  @Test
  void shouldMoveVectors() throws Exception {
    MemorySegment memory = arena.allocate(4L * BLOCK, 4096);
    memory.asSlice(0, BLOCK).fill((byte) 1);
    memory.asSlice(2L * BLOCK, BLOCK).fill((byte) 2);
    IoVector vector = new IoVector(2);
    vector.tryAdd(memory.address() + 2 * BLOCK, BLOCK);
    vector.tryAdd(memory.address(), BLOCK);
    try (IoStack stack = start(IoStackConfig.defaults())) {
      stack.writeVectored(10, vector);
      stack.read(10, 1, memory.address() + BLOCK);
      assertEquals(2, memory.get(ValueLayout.JAVA_BYTE, BLOCK));
      memory.fill((byte) 0);
      stack.readVectored(10, vector);
      assertEquals(2, memory.get(ValueLayout.JAVA_BYTE, 2 * BLOCK));
      assertEquals(1, memory.get(ValueLayout.JAVA_BYTE, 0));
    }
  }

  @Test
  void shouldTellTheCallerWhatWasWrongAndGoOn() throws Exception {
    MemorySegment memory = arena.allocate(BLOCK, 4096);
    try (IoStack stack = start(IoStackConfig.defaults())) {
      assertThrows(IllegalArgumentException.class, () -> stack.read(-1, 1, memory.address()));
      assertThrows(IllegalArgumentException.class, () -> stack.read(0, 0, memory.address()));
      assertThrows(IllegalArgumentException.class, () -> stack.write(0, 1, memory.address() + 1));
      assertThrows(IllegalArgumentException.class, () -> stack.readVectored(0, new IoVector(1)));
      stack.read(0, 1, memory.address());
    }
  }

  @Test
  void shouldNameTheCommandThatFailed() throws Exception {
    MemorySegment memory = arena.allocate(BLOCK, 4096);
    SimulationPlan plan = SimulationPlan.of(1).withErrorAt(1);
    try (IoStack stack = start(plan, IoStackConfig.defaults())) {
      IoException e = assertThrows(IoException.class, () -> stack.read(7, 1, memory.address()));
      assertEquals(IoStatus.UNRECOVERED_READ_ERROR, e.status());
      assertEquals(
          "read of 1 blocks at LBA 7 failed: unrecovered read error (SCT 2h, SC 81h)",
          e.getMessage());
      assertEquals(1, stack.statistics().errors());
    }
  }

  @Test
  void shouldFinishAnInterruptedCallAndKeepTheStatus() throws Exception {
    MemorySegment memory = arena.allocate(BLOCK, 4096);
    try (IoStack stack = start(IoStackConfig.defaults())) {
      for (Thread.Builder builder : List.of(Thread.ofPlatform(), Thread.ofVirtual())) {
        List<Boolean> interrupted = new ArrayList<>();
        Thread caller =
            builder.start(
                () -> {
                  Thread.currentThread().interrupt();
                  read(stack, memory);
                  interrupted.add(Thread.currentThread().isInterrupted());
                });
        caller.join();
        assertEquals(List.of(true), interrupted);
      }
    }
  }

  @Test
  void shouldCloseUnderLoad() throws Exception {
    MemorySegment memory = arena.allocate(BLOCK, 4096);
    IoStack stack = start(new IoStackConfig(1, 8, 64));
    AtomicInteger refused = new AtomicInteger();
    List<Thread> callers = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      callers.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      while (true) {
                        read(stack, memory);
                      }
                    } catch (IllegalStateException e) {
                      refused.incrementAndGet();
                    }
                  }));
    }
    while (stack.statistics().reads() < 1_000) {
      Thread.onSpinWait();
    }
    stack.close();
    for (Thread caller : callers) {
      caller.join();
    }
    assertEquals(200, refused.get());
    assertThrows(IllegalStateException.class, stack::flush);
    stack.close();
  }

  @Test
  void shouldLeaveNoQueuePairOpenWhenAPollerCannotStart() throws Exception {
    Execution refusing = new RefusingExecution(1);
    try (SimulatedDevice device =
        new SimulatedDevice(SimulatedGeometry.of(1 << 20), SimulationPlan.of(1), refusing)) {
      IoStackConfig config = new IoStackConfig(2, 8, 64);
      assertThrows(OutOfMemoryError.class, () -> IoStack.start(device, config, refusing));
    } // Which throws while a queue pair is open.
  }

  private static IoStack start(IoStackConfig config) throws IOException {
    return start(SimulationPlan.of(1), config);
  }

  private static IoStack start(SimulationPlan plan, IoStackConfig config) throws IOException {
    SimulationPlan fast = plan.withLatencies(new SimulationPlan.Latencies(0, 0, 0, 0));
    Execution execution = Execution.threads();
    SimulatedDevice device = new SimulatedDevice(SimulatedGeometry.of(16 << 20), fast, execution);
    return IoStack.start(device, config, execution);
  }

  private static void read(IoStack stack, MemorySegment memory) {
    try {
      stack.read(0, 1, memory.address());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void runVirtual(int threadCount, Body body) throws InterruptedException {
    List<Thread> threads = new ArrayList<>();
    List<Throwable> failures = new ArrayList<>();
    for (int i = 0; i < threadCount; i++) {
      int index = i;
      threads.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      body.run(index);
                    } catch (IOException e) {
                      synchronized (failures) {
                        failures.add(e);
                      }
                    }
                  }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertEquals(List.of(), failures);
  }

  /** What each of many threads does. */
  private interface Body {
    void run(int index) throws IOException;
  }

  /** Threads as in production, of which there are few. */
  private static final class RefusingExecution implements Execution {
    private final Execution threads = Execution.threads();
    private int startsLeft;

    RefusingExecution(int startsLeft) {
      this.startsLeft = startsLeft;
    }

    @Override
    public long nanoTime() {
      return threads.nanoTime();
    }

    @Override
    public void park(Object blocker) {
      threads.park(blocker);
    }

    @Override
    public void parkNanos(Object blocker, long nanos) {
      threads.parkNanos(blocker, nanos);
    }

    @Override
    public void unpark(Thread thread) {
      threads.unpark(thread);
    }

    @Override
    public boolean trySpin(int attempt) {
      return threads.trySpin(attempt);
    }

    @Override
    public AgentHandle start(String name, Agent agent) {
      if (startsLeft-- == 0) {
        throw new OutOfMemoryError("unable to create native thread");
      }
      return threads.start(name, agent);
    }
  }
}
