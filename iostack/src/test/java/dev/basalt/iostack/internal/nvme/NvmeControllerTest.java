// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.QueuePair;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.internal.TransferMemory;
import dev.basalt.iostack.internal.nvme.ModelController.Shape;
import dev.basalt.iostack.nvme.ControllerIdentity;
import dev.basalt.iostack.nvme.ErrorLogEntry;
import dev.basalt.iostack.nvme.NamespaceIdentity;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The driver against a controller that behaves, and one that fails in the ways devices do. */
@Timeout(60)
class NvmeControllerTest {
  private static final int BLOCK = 512;
  private static final int SIZE = 8 << 20;
  private static final int DEPTH = 16;
  private static final NvmeConfig QUICK =
      new NvmeConfig(100_000_000, 100_000_000, 1_000_000_000, false);
  private static final NvmeConfig SLEEPY =
      new NvmeConfig(100_000_000, 100_000_000, 1_000_000_000, true);

  private final List<long[]> completions = new ArrayList<>();
  private ModelNamespace namespace = new ModelNamespace(BLOCK, SIZE);
  private ModelController model = newModel(Shape.usual());
  private boolean mayViolate;

  private ModelController newModel(Shape shape) {
    try {
      return new ModelController(shape, namespace);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @AfterEach
  void check() {
    assertTrue(mayViolate || model.violations.isEmpty(), model.violations::toString);
    assertEquals(0, model.mappedCount(), "memory still mapped");
    model.close();
  }

  private NvmeNamespaceDevice open() throws IOException {
    return NvmeNamespaceDevice.open(
        NvmeController.open(model, QUICK, Execution.threads()), 1, "model");
  }

  @Test
  void shouldReadIdentityNamespacesAndLogs() throws IOException {
    try (NvmeNamespaceDevice device = open()) {
      ControllerIdentity identity = device.controller().identity();
      assertEquals("MODEL-1", identity.serial());
      assertEquals("Model Controller", identity.model());
      assertEquals(32, identity.transferPagesMax());
      assertTrue(identity.canCompare() && identity.canDeallocate() && identity.canWriteZeroes());
      assertTrue(identity.hasVolatileWriteCache());
      assertEquals(1, identity.powerFailAtomicBlocks());
      assertEquals(List.of(1), device.controller().namespaceIds());
      assertEquals(0x12c, device.controller().health().temperatureKelvin());
      assertEquals(12, device.controller().health().powerCycles());
      ErrorLogEntry error = device.controller().errors().getFirst();
      assertEquals(77, error.lba());
      assertEquals(IoStatus.UNRECOVERED_READ_ERROR, error.status() & 0x7fff);
      assertEquals(BLOCK, device.capabilities().blockBytes());
      assertEquals(512, device.capabilities().atomicWriteBytes());
      assertTrue(device.capabilities().pinsMemory());
    }
    assertEquals(1, model.shutdownCount.get());
    assertTrue(model.isIsolated);
  }

  @Test
  void shouldRefuseNamespacesThatCannotHoldAStore() {
    namespace.metadataBytes = 8;
    assertRefused(1, "8 bytes of metadata");
    namespace.metadataBytes = 0;
    model = newModel(Shape.usual());
    namespace.commandSet = NamespaceIdentity.COMMAND_SET_ZONED;
    assertRefused(1, "zoned");
    namespace.commandSet = NamespaceIdentity.COMMAND_SET_NVM;
    model = newModel(Shape.usual());
    assertRefused(2, "namespaces [1]");
    namespace = new ModelNamespace(8192, SIZE);
    model = newModel(Shape.usual());
    assertRefused(1, "blocks have 8192 bytes");
  }

  private void assertRefused(int namespaceId, String reason) {
    IOException e =
        assertThrows(
            IOException.class,
            () ->
                NvmeNamespaceDevice.open(
                        NvmeController.open(model, QUICK, Execution.threads()),
                        namespaceId,
                        "model")
                    .close());
    assertTrue(String.valueOf(e.getMessage()).contains(reason), e.getMessage());
  }

  @Test
  void shouldSplitTransfersAndPagesAsTheControllerTakesThem() throws IOException {
    namespace = new ModelNamespace(BLOCK, SIZE);
    model.close();
    model = newModel(new Shape(1, 0, false)); // 8 KiB at once, no optional command
    try (NvmeNamespaceDevice device = open();
        NvmeQueuePair pair = device.openPinned(DEPTH)) {
      Random random = new Random(5);
      long memory = pair.data().address();
      TreeMap<Long, Integer> written = new TreeMap<>();
      for (int round = 0; round < 500; round++) {
        int count = 1 + random.nextInt(200);
        long lba = random.nextInt(4096 - 200);
        long address = memory + 4L * random.nextInt(5000);
        for (long i = 0; i < count; i++) {
          TransferMemory.putLong(address + i * BLOCK, lba + i << 32 | round);
          written.put(lba + i, round);
        }
        run(pair, pair.tryWrite(lba, count, address, 1));
        long other = memory + 200_000 + 4L * random.nextInt(5000);
        run(pair, pair.tryRead(lba, count, other, 2));
        for (long i = 0; i < count; i++) {
          assertEquals(lba + i << 32 | round, TransferMemory.getLong(other + i * BLOCK));
        }
      }
      run(pair, pair.tryWriteZeroes(100, 1000, 3));
      run(pair, pair.tryDeallocate(2000, 10, 4));
      for (long lba = 99; lba < 1101; lba += 1001) {
        run(pair, pair.tryRead(lba, 1, memory, 5));
        assertEquals(
            written.containsKey(lba) ? lba << 32 | written.getOrDefault(lba, 0) : 0,
            TransferMemory.getLong(memory));
      }
      run(pair, pair.tryRead(1099, 1, memory, 5));
      assertEquals(0, TransferMemory.getLong(memory));
      assertEquals(0, model.commandCounts[NvmeAbi.WRITE_ZEROES]);
      assertEquals(0, model.commandCounts[NvmeAbi.DATASET_MANAGEMENT]);
    }
  }

  @Test
  void shouldCompareAndWriteThrough() throws IOException {
    try (NvmeNamespaceDevice device = open();
        NvmeQueuePair pair = device.openPinned(DEPTH)) {
      long memory = pair.data().address();
      TransferMemory.putLong(memory, 42);
      run(pair, pair.tryWriteThrough(7, 1, memory, 1));
      run(pair, pair.tryCompare(7, 1, memory, 2));
      TransferMemory.putLong(memory, 43);
      assertEquals(
          "compare failure (SCT 2h, SC 85h)", failed(pair, pair.tryCompare(7, 1, memory, 3)));
      run(pair, pair.tryDeallocate(7, 1, 4));
      run(pair, pair.tryFlush(5));
      assertEquals(1, model.commandCounts[NvmeAbi.DATASET_MANAGEMENT]);
      assertEquals(1, model.commandCounts[NvmeAbi.FLUSH]);
    }
  }

  @Test
  void shouldCatchMemoryThatIsNotMappedBeforeTheDoorbell() throws IOException {
    try (NvmeNamespaceDevice device = open();
        NvmeQueuePair pair = device.openPinned(DEPTH);
        NvmeQueuePair other = device.openPinned(DEPTH)) {
      long end = pair.data().address() + pair.data().sizeBytes();
      assertThrows(IllegalArgumentException.class, () -> pair.tryRead(0, 2, end - BLOCK, 1));
      assertThrows(
          IllegalArgumentException.class, () -> pair.tryRead(0, 1, pair.data().address() - 512, 1));
      assertThrows(
          IllegalArgumentException.class, () -> pair.tryRead(0, 1, other.data().address(), 1));
      assertThrows(
          IllegalArgumentException.class, () -> pair.tryRead(0, 1, pair.data().address() + 2, 1));
      assertThrows(
          IllegalArgumentException.class,
          () -> pair.tryRead(SIZE / BLOCK, 1, pair.data().address(), 1));
      assertEquals(0, pair.inFlight());
    }
    assertEquals(0, model.commandCounts[NvmeAbi.READ]);
  }

  @Test
  void shouldReportErrorsOnExactlyTheCommandsAffected() throws IOException {
    namespace.bad.add(100L);
    try (NvmeNamespaceDevice device = open();
        QueuePair pair = device.openQueuePair(DEPTH);
        NvmeQueuePair memory = device.openPinned(1)) {
      long address = memory.data().address();
      for (int i = 0; i < DEPTH; i++) {
        assertTrue(pair.tryRead(96 + i, 1, address, 96 + i));
      }
      drain(pair);
      for (long[] completion : completions) {
        String expected =
            completion[0] == 100
                ? "unrecovered read error (SCT 2h, SC 81h)"
                : "success (SCT 0h, SC 00h)";
        assertEquals(expected, IoStatus.describe((int) completion[1]));
      }
      assertEquals("write fault (SCT 2h, SC 80h)", failed(pair, pair.tryWrite(99, 3, address, 1)));
    }
  }

  @Test
  void shouldAbortALateCommandAndGoOn() throws IOException {
    model.stalledLba = 5;
    try (NvmeNamespaceDevice device = open();
        NvmeQueuePair pair = device.openPinned(DEPTH)) {
      long memory = pair.data().address();
      assertEquals(
          "command aborted (SCT 0h, SC 07h, retryable)",
          failed(pair, pair.tryRead(5, 1, memory, 1)));
      run(pair, pair.tryRead(6, 1, memory, 2));
    }
    assertEquals(1, model.abortCount.get());
    assertEquals(1, model.resetCount.get(), "when closed");
  }

  @Test
  void shouldAbortALateCommandWhileOthersComplete() throws IOException {
    model.stalledLba = 5;
    try (NvmeNamespaceDevice device = open();
        NvmeQueuePair pair = device.openPinned(DEPTH)) {
      long memory = pair.data().address();
      assertTrue(pair.tryRead(5, 1, memory, 99));
      boolean[] hasEnded = new boolean[1];
      long deadline = System.nanoTime() + 20_000_000_000L;
      while (!hasEnded[0]) { // never idle, so never asleep
        assertTrue(System.nanoTime() < deadline, "not aborted");
        pair.tryRead(6, 1, memory + BLOCK, 1);
        pair.submit();
        pair.poll((tag, _) -> hasEnded[0] |= tag == 99, DEPTH);
      }
    }
    assertEquals(1, model.abortCount.get());
  }

  @Test
  void shouldSleepUntilAnInterrupt() throws IOException {
    try (NvmeNamespaceDevice device = openSleepy();
        NvmeQueuePair pair = device.openPinned(DEPTH)) {
      for (int i = 0; i < 100; i++) {
        for (int j = 0; j < DEPTH; j++) {
          assertTrue(pair.tryRead(j, 1, pair.data().address(), j));
        }
        drain(pair);
        assertEquals(DEPTH, completions.size());
      }
      while (pair.wakeCount() < 100 * DEPTH) { // those of completions that were polled
        pair.sleep(1_000_000_000);
      }
      long seen = pair.wakeCount();
      pair.sleep(1_000_000);
      assertEquals(seen, pair.wakeCount());
      pair.wake();
      pair.sleep(30_000_000_000L); // woken before
      Thread waker = Thread.ofVirtual().start(pair::wake);
      pair.sleep(30_000_000_000L);
      assertDoesNotThrow(() -> waker.join());
      model.losesInterrupts = true;
      run(pair, pair.tryRead(5, 1, pair.data().address(), 1));
      model.isFatal = true;
      model.losesInterrupts = false;
      run(pair, pair.tryRead(5, 1, pair.data().address(), 1), IoStatus.ABORTED_BY_RESET);
      run(pair, pair.tryRead(5, 1, pair.data().address(), 1));
      while (pair.wakeCount() == seen) {
        pair.sleep(1_000_000_000);
      }
    }
  }

  @Test
  void shouldPollQueuePairsBeyondTheInterrupts() throws IOException {
    model.interruptCount = 2;
    try (NvmeNamespaceDevice device = openSleepy();
        NvmeQueuePair pair = device.openPinned(1);
        NvmeQueuePair second = device.openPinned(1)) {
      run(pair, pair.tryFlush(1));
      run(second, second.tryFlush(1));
      assertEquals(0, second.wakeCount());
    }
    model.close();
    model = newModel(Shape.usual());
    model.interruptCount = 0;
    IOException e = assertThrows(IOException.class, this::openSleepy);
    assertTrue(String.valueOf(e.getMessage()).contains("0 interrupts (MSI-X)"), e.getMessage());
  }

  private NvmeNamespaceDevice openSleepy() throws IOException {
    return NvmeNamespaceDevice.open(
        NvmeController.open(model, SLEEPY, Execution.threads()), 1, "model");
  }

  @Test
  void shouldKeepToTheLimitsOfTheCommandSet() throws IOException {
    model.commandSet[1] = 1; // WZSL: 8 KiB
    model.commandSet[4] = 100; // DMRSL: 100 blocks
    try (NvmeNamespaceDevice device = open();
        NvmeQueuePair pair = device.openPinned(DEPTH)) {
      run(pair, pair.tryWriteZeroes(10, 100, 1));
      assertEquals(7, model.commandCounts[NvmeAbi.WRITE_ZEROES]);
      run(pair, pair.tryDeallocate(10, 201, 2));
      assertEquals(3, model.commandCounts[NvmeAbi.DATASET_MANAGEMENT]);
    }
  }

  @Test
  void shouldClaimAtomicWritesOnlyWhereNoneIsSplit() throws IOException {
    model.identity[528] = (byte) 255; // AWUPF: 256 blocks
    try (NvmeNamespaceDevice device = open()) {
      assertEquals(128 << 10, device.capabilities().atomicWriteBytes());
    }
    model.close();
    model = newModel(new Shape(1, 0, true));
    model.identity[528] = (byte) 255;
    try (NvmeNamespaceDevice device = open()) {
      assertEquals(512, device.capabilities().atomicWriteBytes());
    }
  }

  @Test
  void shouldNotFailTheFirstCommandAfterAResetThatFoundNothingInFlight() throws IOException {
    try (NvmeNamespaceDevice device = open();
        NvmeQueuePair idle = device.openPinned(DEPTH);
        NvmeQueuePair pair = device.openPinned(DEPTH)) {
      model.isFatal = true;
      assertEquals(
          IoStatus.ABORTED_BY_RESET, status(pair, pair.tryRead(5, 1, pair.data().address(), 1)));
      run(idle, idle.tryRead(5, 1, idle.data().address(), 1));
    }
  }

  @Test
  void shouldRefuseToBeClosedByItsReceiver() throws IOException {
    try (NvmeNamespaceDevice device = open();
        NvmeQueuePair pair = device.openPinned(DEPTH)) {
      assertTrue(pair.tryFlush(1));
      pair.submit();
      Runnable closing = pair::close;
      assertThrows(
          IllegalStateException.class,
          () -> {
            while (pair.poll((_, _) -> closing.run(), 1) == 0) {
              pair.sleep(1_000_000);
            }
          });
    }
  }

  @Test
  void shouldResetWhenAnAbortDoesNotHelpAndFailEachCommandOnce() throws IOException {
    model.stalledLba = 5;
    model.canAbort = false;
    try (NvmeNamespaceDevice device = open();
        NvmeQueuePair pair = device.openPinned(DEPTH);
        NvmeQueuePair second = device.openPinned(DEPTH)) {
      long memory = pair.data().address();
      TransferMemory.putLong(memory, 77);
      run(pair, pair.tryWrite(9, 1, memory, 1));
      assertTrue(second.tryRead(5, 1, second.data().address(), 50));
      second.submit();
      for (int i = 0; i < DEPTH; i++) {
        assertTrue(pair.tryRead(5, 1, memory, i));
      }
      assertFalse(pair.tryRead(6, 1, memory, 99));
      drain(pair);
      assertEquals(DEPTH, completions.stream().map(c -> c[0]).distinct().count());
      for (long[] completion : completions) {
        assertEquals(IoStatus.ABORTED_BY_RESET, (int) completion[1]);
        assertTrue(IoStatus.isRetryable((int) completion[1]));
      }
      drain(second);
      assertEquals(1, completions.size());
      model.stalledLba = -1;
      TransferMemory.putLong(memory, 0);
      run(pair, pair.tryRead(9, 1, memory, 1));
      assertEquals(77, TransferMemory.getLong(memory));
      run(second, second.tryFlush(1));
    }
    assertEquals(2, model.resetCount.get(), "once, and when closed");
  }

  @Test
  void shouldResetAControllerThatSaysItIsBroken() throws IOException {
    try (NvmeNamespaceDevice device = open();
        NvmeQueuePair pair = device.openPinned(DEPTH)) {
      model.isFatal = true;
      assertEquals(
          "command aborted by a reset (SCT 0h, SC 08h, retryable)",
          failed(pair, pair.tryRead(5, 1, pair.data().address(), 1)));
      run(pair, pair.tryRead(5, 1, pair.data().address(), 1));
    }
  }

  /** What it had acknowledged and not flushed may be gone: no flush may say otherwise. */
  @Test
  void shouldTrustNoFlushAfterAControllerWithACacheHasFailed() throws IOException {
    try (NvmeNamespaceDevice device = open();
        NvmeQueuePair pair = device.openPinned(DEPTH);
        QueuePair staged = device.openQueuePair(DEPTH)) {
      run(staged, staged.tryWrite(5, 1, pair.data().address(), 1));
      model.isFatal = true;
      run(staged, staged.tryRead(5, 1, pair.data().address(), 1));
      assertEquals(NvmeNamespaceDevice.CACHE_LOST, status(staged, staged.tryFlush(1)));
      assertEquals(NvmeNamespaceDevice.CACHE_LOST, status(pair, pair.tryFlush(1)));
    }
    model.close();
    model = newModel(new Shape(5, 0, false)); // without a cache nothing is lost
    try (NvmeNamespaceDevice device = open();
        QueuePair staged = device.openQueuePair(DEPTH)) {
      model.isFatal = true;
      run(staged, staged.tryFlush(1));
    }
  }

  @Test
  void shouldNoticeAControllerThatHasDisabledItself() throws IOException {
    try (NvmeNamespaceDevice device = open();
        NvmeQueuePair pair = device.openPinned(DEPTH)) {
      run(pair, pair.tryRead(5, 1, pair.data().address(), 1));
      model.restart();
      assertEquals(
          IoStatus.ABORTED_BY_RESET, status(pair, pair.tryRead(5, 1, pair.data().address(), 1)));
      run(pair, pair.tryRead(5, 1, pair.data().address(), 1));
      assertEquals(NvmeNamespaceDevice.CACHE_LOST, status(pair, pair.tryFlush(1)));
    }
  }

  /** The user of a device sees a delay where a queue pair's owner sees an error. */
  @Test
  void shouldRepeatCommandsThatAResetHasEnded() throws IOException {
    try (NvmeNamespaceDevice device = open();
        QueuePair staged = device.openQueuePair(DEPTH);
        NvmeQueuePair memory = device.openPinned(DEPTH)) {
      long address = memory.data().address();
      for (int round = 1; round <= 3; round++) {
        model.canAbort = round == 2;
        model.stalledCountMax.set(1); // the next one at this block only
        model.stalledLba = 5;
        for (int i = 0; i < DEPTH; i++) {
          TransferMemory.putLong(address + 512L * i, 100 * round + i);
          assertTrue(staged.tryWrite(i, 1, address + 512L * i, i));
        }
        drain(staged);
        assertEquals(DEPTH, completions.size());
        completions.forEach(c -> assertEquals(IoStatus.SUCCESS, (int) c[1]));
        run(staged, staged.tryFlush(1));
        for (int i = 0; i < DEPTH; i++) {
          run(staged, staged.tryRead(i, 1, address, 1));
          assertEquals(100 * round + i, TransferMemory.getLong(address));
        }
      }
    }
    assertEquals(3, model.resetCount.get(), "twice, and when closed");
  }

  @Test
  void shouldFailEverythingOnceTheDeviceIsGone() throws IOException {
    try (NvmeNamespaceDevice device = open();
        NvmeQueuePair pair = device.openPinned(DEPTH);
        NvmeQueuePair second = device.openPinned(DEPTH)) {
      model.isGone = true;
      String gone = "the device is gone (SCT 3h, SC 70h)";
      assertEquals(gone, failed(pair, pair.tryRead(5, 1, pair.data().address(), 1)));
      assertEquals(gone, failed(pair, pair.tryFlush(2)));
      assertEquals(gone, failed(second, second.tryFlush(3)));
      assertThrows(IOException.class, () -> device.controller().health());
      assertThrows(IOException.class, () -> device.openQueuePair(1));
    }
    assertTrue(model.isIsolated);
  }

  @Test
  void shouldGiveUpAControllerThatDoesNotComeBack() throws IOException {
    model.stalledLba = 5;
    model.canAbort = false;
    try (NvmeNamespaceDevice device = open();
        NvmeQueuePair pair = device.openPinned(DEPTH)) {
      model.canReset = false;
      int status = status(pair, pair.tryRead(5, 1, pair.data().address(), 1));
      assertEquals(NvmeNamespaceDevice.LOST, status);
      assertTrue(model.isIsolated, "its memory is used again");
      assertEquals(NvmeNamespaceDevice.LOST, status(pair, pair.tryFlush(1)));
    }
  }

  @Test
  void shouldGiveUpAControllerThatTakesNoQueuesAfterAReset() throws IOException {
    try (NvmeNamespaceDevice device = open();
        NvmeQueuePair pair = device.openPinned(DEPTH)) {
      model.refusesQueues = true;
      model.isFatal = true;
      int attempts = 0;
      while (status(pair, pair.tryRead(5, 1, pair.data().address(), 1))
          != NvmeNamespaceDevice.LOST) {
        assertTrue(++attempts < 10);
      }
    }
  }

  @Test
  void shouldSayWhenAllQueuesAreOpen() throws IOException {
    List<QueuePair> pairs = new ArrayList<>();
    try (NvmeNamespaceDevice device = open()) {
      for (int i = 0; i < ModelController.QUEUE_COUNT; i++) {
        pairs.add(device.openQueuePair(1));
      }
      IOException e = assertThrows(IOException.class, () -> device.openQueuePair(1));
      assertTrue(String.valueOf(e.getMessage()).contains("all 8 queue pairs"), e.getMessage());
      pairs.removeLast().close();
      pairs.add(device.openQueuePair(1));
      int mapped = model.mappedCount();
      for (int i = 0; i < 1000; i++) {
        run(pairs.getLast(), pairs.getLast().tryFlush(i));
      }
      assertEquals(mapped, model.mappedCount());
      pairs.forEach(QueuePair::close);
    }
  }

  @Test
  void shouldRefuseADeviceThatDoesNotAnswer() {
    model.isGone = true;
    while (new NvmeRegisters(model.registers()).get(NvmeRegisters.STATUS) != -1) {
      Thread.onSpinWait();
    }
    IOException e = assertThrows(IOException.class, this::open);
    assertTrue(String.valueOf(e.getMessage()).contains("read as ones"), e.getMessage());
  }

  private void run(QueuePair pair, boolean queued) {
    assertEquals("success (SCT 0h, SC 00h)", failed(pair, queued));
  }

  private void run(QueuePair pair, boolean queued, int expected) {
    assertEquals(IoStatus.describe(expected), failed(pair, queued));
  }

  private String failed(QueuePair pair, boolean queued) {
    return IoStatus.describe(status(pair, queued));
  }

  private int status(QueuePair pair, boolean queued) {
    assertTrue(queued);
    drain(pair);
    assertEquals(1, completions.size());
    return (int) completions.getFirst()[1];
  }

  private void drain(QueuePair pair) {
    completions.clear();
    pair.submit();
    while (pair.inFlight() > 0) {
      if (pair.poll((tag, status) -> completions.add(new long[] {tag, status}), DEPTH) == 0) {
        pair.sleep(1_000_000);
      }
    }
  }
}
