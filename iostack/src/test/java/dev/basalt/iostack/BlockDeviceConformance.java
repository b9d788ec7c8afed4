// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.linux.MappedRegion;
import dev.basalt.linux.NativeMemory;
import dev.basalt.linux.VirtualMemory;
import dev.basalt.linux.VirtualMemory.Advice;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What every back end has to do; one subclass each. Memory is a page region as the buffer pool's.
 */
abstract class BlockDeviceConformance {
  /** Size of the device to be opened, where the back end does not decide it. */
  static final long DEVICE_BYTES = 16 << 20;

  private static final int DEPTH = 8;
  private static final long WAIT_NANOS = 10_000_000_000L;
  private static final int MEMORY_BYTES = 4 << 20;

  @TempDir Path directory;
  private BlockDevice device;
  private QueuePair pair;
  private MappedRegion memory;
  private int blockBytes;
  private final List<long[]> completions = new ArrayList<>();
  private final CompletionSink sink = (tag, status) -> completions.add(new long[] {tag, status});

  /** Opens a device of {@link #deviceBytes}. */
  abstract BlockDevice open(Path directory) throws IOException;

  /** Size of the device that {@link #open} opens. */
  long deviceBytes() {
    return DEVICE_BYTES;
  }

  @BeforeEach
  void openDevice() throws IOException {
    device = open(directory);
    blockBytes = device.capabilities().blockBytes();
    pair = device.openQueuePair(DEPTH);
    memory = VirtualMemory.reserve(MEMORY_BYTES);
    VirtualMemory.advise(memory.address(), memory.sizeBytes(), VirtualMemory.Advice.NOHUGEPAGE);
  }

  @AfterEach
  void closeDevice() {
    pair.close();
    device.close();
    memory.close();
  }

  @Test
  void shouldDescribeGeometry() {
    Capabilities capabilities = device.capabilities();
    assertEquals(deviceBytes(), device.blockCount() * blockBytes);
    assertEquals(1, Integer.bitCount(blockBytes));
    assertTrue(blockBytes >= 512);
    assertEquals(0, capabilities.transferBytesMax() % blockBytes);
    assertEquals(1, Integer.bitCount(capabilities.atomicWriteBytes()));
    assertTrue(capabilities.atomicWriteBytes() >= 512);
    assertEquals(1, Integer.bitCount(capabilities.memoryAlignmentBytes()));
    assertTrue(capabilities.queueDepthMax() >= 128);
    assertFalse(capabilities.description().isBlank());
    assertEquals(DEPTH, pair.depth());
  }

  @Test
  void shouldReadWhatWasWritten() {
    int count = device.capabilities().transferBytesMax() / blockBytes;
    for (int blocks = 1; blocks <= count; blocks *= 4) {
      fill(0, blocks * blockBytes, blocks);
      run(pair.tryWrite(3, blocks, at(0), 1));
      clear(0, blocks * blockBytes);
      run(pair.tryRead(3, blocks, at(0), 2));
      verify(0, blocks * blockBytes, blocks);
    }
  }

  @Test
  void shouldReadZeroesWhereNothingWasWritten() {
    fill(0, blockBytes, 1);
    run(pair.tryRead(device.blockCount() - 1, 1, at(0), 1));
    assertEquals(0, NativeMemory.ALL.get(JAVA_LONG, at(0)));
  }

  @Test
  void shouldScatterAndGather() {
    IoVector vector = new IoVector(4);
    for (int i = 0; i < 4; i++) {
      fill(i * 3 * blockBytes, blockBytes, i);
      assertTrue(vector.tryAdd(at(i * 3 * blockBytes), blockBytes));
    }
    run(pair.tryWriteVectored(5, vector, 1));
    run(pair.tryRead(5, 4, at(1 << 20), 2));
    for (int i = 0; i < 4; i++) {
      verify((1 << 20) + i * blockBytes, blockBytes, i);
      clear(i * 3 * blockBytes, blockBytes);
    }
    run(pair.tryReadVectored(5, vector, 3));
    for (int i = 0; i < 4; i++) {
      verify(i * 3 * blockBytes, blockBytes, i);
    }
  }

  @Test
  void shouldCopyVectorBeforeItReturns() {
    fill(0, blockBytes, 1);
    fill(blockBytes * 2, blockBytes, 2);
    IoVector vector = new IoVector(4);
    assertTrue(vector.tryAdd(at(0), blockBytes));
    assertTrue(pair.tryWriteVectored(0, vector, 1));
    vector.clear();
    assertTrue(vector.tryAdd(at(blockBytes * 2), blockBytes));
    run(pair.tryWriteVectored(1, vector, 2), 2);
    run(pair.tryRead(0, 2, at(1 << 20), 3));
    verify(1 << 20, blockBytes, 1);
    verify((1 << 20) + blockBytes, blockBytes, 2);
  }

  @Test
  void shouldFlush() {
    fill(0, blockBytes, 1);
    run(pair.tryWrite(0, 1, at(0), 1));
    run(pair.tryFlush(2));
  }

  @Test
  void shouldWriteZeroes() {
    int blocks = device.capabilities().transferBytesMax() / blockBytes;
    for (int i = 0; i < 3; i++) {
      fill(0, blocks * blockBytes, i);
      run(pair.tryWrite((long) i * blocks, blocks, at(0), i));
    }
    run(pair.tryWriteZeroes(1, 3L * blocks - 2, 9));
    for (int i = 0; i < 3; i++) {
      run(pair.tryRead((long) i * blocks, blocks, at(i == 1 ? 0 : 1 << 20), i));
      long middle = at(i == 1 ? 0 : 1 << 20) + (long) blocks / 2 * blockBytes;
      assertEquals(0, NativeMemory.ALL.get(JAVA_LONG, middle), "part " + i);
    }
    run(pair.tryRead(0, 1, at(0), 1));
    verify(0, blockBytes, 0);
    run(pair.tryRead(3L * blocks - 1, 1, at(0), 1));
    assertFalse(NativeMemory.ALL.get(JAVA_LONG, at(0)) == 0, "the block after the range");
  }

  @Test
  void shouldLeaveOldDataOrZeroesAfterDeallocate() {
    fill(0, 2 * blockBytes, 1);
    run(pair.tryWrite(0, 2, at(0), 1));
    run(pair.tryDeallocate(0, 1, 2));
    run(pair.tryRead(0, 2, at(1 << 20), 3));
    long found = NativeMemory.ALL.get(JAVA_LONG, at(1 << 20));
    assertTrue(found == 0 || found == NativeMemory.ALL.get(JAVA_LONG, at(0)));
    long next = NativeMemory.ALL.get(JAVA_LONG, at((1 << 20) + blockBytes));
    assertEquals(NativeMemory.ALL.get(JAVA_LONG, at(blockBytes)), next);
  }

  @Test
  void shouldRefuseBlocksOutOfRange() {
    long end = device.blockCount();
    refused(() -> pair.tryRead(end, 1, at(0), 1));
    refused(() -> pair.tryRead(-1, 1, at(0), 1));
    refused(() -> pair.tryRead(end - 1, 2, at(0), 1));
    refused(() -> pair.tryWrite(Long.MAX_VALUE, 1, at(0), 1));
    refused(() -> pair.tryRead(0, 0, at(0), 1));
    refused(() -> pair.tryWriteZeroes(1, end, 1));
    refused(() -> pair.tryDeallocate(0, Long.MAX_VALUE, 1));
    refused(() -> pair.tryWriteZeroes(0, 0, 1));
  }

  @Test
  void shouldRefuseMisalignedMemoryAndLengths() {
    int alignment = device.capabilities().memoryAlignmentBytes();
    if (alignment > 1) {
      refused(() -> pair.tryRead(0, 1, at(alignment / 2), 1));
    }
    refused(() -> pair.tryWrite(0, 1, 0, 1));
    int blocksMax = device.capabilities().transferBytesMax() / blockBytes;
    refused(() -> pair.tryRead(0, blocksMax + 1, at(0), 1));
    IoVector vector = new IoVector(2);
    assertTrue(vector.tryAdd(at(0), blockBytes / 2));
    refused(() -> pair.tryReadVectored(0, vector, 1));
    vector.clear();
    refused(() -> pair.tryWriteVectored(0, vector, 1));
  }

  @Test
  void shouldRefuseDepthsItDoesNotHave() {
    assertThrows(IllegalArgumentException.class, () -> device.openQueuePair(0));
    int depthMax = device.capabilities().queueDepthMax();
    assertThrows(IllegalArgumentException.class, () -> device.openQueuePair(depthMax + 1));
  }

  @Test
  void shouldReturnFalseWhenFull() {
    for (int i = 0; i < DEPTH; i++) {
      assertTrue(pair.tryRead(i, 1, at(i * blockBytes), i));
    }
    assertEquals(DEPTH, pair.inFlight());
    assertFalse(pair.tryRead(0, 1, at(0), DEPTH));
    assertFalse(pair.tryFlush(DEPTH));
    assertFalse(pair.tryWriteZeroes(0, 1, DEPTH));
    IoVector vector = new IoVector(1);
    assertTrue(vector.tryAdd(at(0), blockBytes));
    assertFalse(pair.tryWriteVectored(0, vector, DEPTH));
    run(true, DEPTH);
    assertEquals(
        List.of(0L, 1L, 2L, 3L, 4L, 5L, 6L, 7L),
        completions.stream().map(c -> c[0]).sorted().toList());
    assertTrue(pair.tryFlush(1));
  }

  @Test
  void shouldDeliverNoMoreThanAsked() {
    for (int i = 0; i < DEPTH; i++) {
      assertTrue(pair.tryRead(i, 1, at(i * blockBytes), i));
    }
    pair.submit();
    for (int i = 1; i <= DEPTH; ) {
      int count = pair.poll(sink, 1);
      assertTrue(count <= 1);
      i += count;
      if (count == 0) {
        pair.sleep(WAIT_NANOS);
      }
    }
    assertEquals(0, pair.inFlight());
  }

  @Test
  void shouldDeliverTheRestAfterSinkHasThrown() {
    boolean[] isDelivered = new boolean[DEPTH];
    CompletionSink failing =
        (tag, _) -> {
          assertFalse(isDelivered[(int) tag]);
          isDelivered[(int) tag] = true;
          throw new UnsupportedOperationException();
        };
    for (int i = 0; i < DEPTH; i++) {
      assertTrue(pair.tryRead(i, 1, at(i * blockBytes), i));
    }
    for (int i = DEPTH - 1; i >= 0; i--) {
      assertThrows(UnsupportedOperationException.class, () -> pollUntilDelivered(failing));
      assertEquals(i, pair.inFlight());
    }
  }

  private void pollUntilDelivered(CompletionSink receiver) {
    pair.submit();
    for (int i = 0; i < 10_000 && pair.poll(receiver, DEPTH) == 0; i++) {
      pair.sleep(WAIT_NANOS);
    }
  }

  @Test
  void shouldCompleteCancelledCommandOnce() {
    assertFalse(pair.tryCancel(99));
    for (int i = 0; i < DEPTH; i++) {
      assertTrue(pair.tryRead(i, 1, at(i * blockBytes), i));
    }
    pair.tryCancel(3);
    pair.submit();
    pair.tryCancel(5);
    drain(DEPTH);
    assertFalse(pair.tryCancel(3));
    assertEquals(DEPTH, completions.size());
    for (long[] completion : completions) {
      boolean cancelled = completion[0] == 3 || completion[0] == 5;
      int status = (int) completion[1];
      assertTrue(
          status == IoStatus.SUCCESS
              || (cancelled && IoStatus.code(status) == IoStatus.code(IoStatus.ABORTED)),
          IoStatus.describe(status));
    }
  }

  @Test
  void shouldWaitForCommandsInFlightWhenClosed() throws Exception {
    for (int i = 0; i < DEPTH; i++) {
      fill(i * blockBytes, blockBytes, i);
      assertTrue(pair.tryWrite(i, 1, at(i * blockBytes), i));
    }
    pair.close();
    pair.close();
    assertThrows(IllegalStateException.class, () -> pair.tryRead(0, 1, at(0), 1));
    assertThrows(IllegalStateException.class, () -> pair.submit());
    assertThrows(IllegalStateException.class, () -> pair.poll(sink, 1));
    pair.wake();
    pair = device.openQueuePair(DEPTH);
    run(pair.tryRead(0, DEPTH, at(1 << 20), 1));
    for (int i = 0; i < DEPTH; i++) {
      verify((1 << 20) + i * blockBytes, blockBytes, i);
    }
  }

  @Test
  void shouldRefuseUseAfterClose() throws Exception {
    assertThrows(IllegalStateException.class, () -> device.close(), "a queue pair is open");
    pair.close();
    device.close();
    device.close();
    assertThrows(IllegalStateException.class, () -> device.openQueuePair(1));
  }

  @Test
  void shouldEndSleepByWakeBeforeIt() {
    pair.submit();
    pair.wake();
    long start = System.nanoTime();
    pair.sleep(WAIT_NANOS);
    assertTrue(System.nanoTime() - start < WAIT_NANOS / 2);
  }

  @Test
  void shouldEndSleepByWakeOfAnotherThread() throws Exception {
    for (int i = 0; i < 50; i++) {
      Thread waker = Thread.ofPlatform().start(() -> pair.wake());
      long start = System.nanoTime();
      pair.sleep(WAIT_NANOS);
      assertTrue(System.nanoTime() - start < WAIT_NANOS / 2);
      waker.join();
      pair.poll(sink, DEPTH);
    }
    assertEquals(0, completions.size());
  }

  @Test
  void shouldEndSleepAfterItsTime() {
    pair.sleep(1_000_000);
    pair.poll(sink, 1);
    pair.sleep(1_000_000);
    assertEquals(0, completions.size());
  }

  @Test
  void shouldReadIntoDroppedMemory() throws IOException {
    int pages = 64;
    for (int i = 0; i < pages; i++) {
      fill(i * 4096, 4096, i);
      run(pair.tryWrite((long) i * 4096 / blockBytes, 4096 / blockBytes, at(i * 4096), i));
    }
    for (int round = 0; round < 3; round++) {
      VirtualMemory.advise(at(0), pages * 4096L, Advice.DONTNEED);
      for (int i = 0; i < pages; i++) {
        run(pair.tryRead((long) i * 4096 / blockBytes, 4096 / blockBytes, at(i * 4096), i));
        verify(i * 4096, 4096, i);
      }
    }
  }

  @Test
  void shouldWriteAndReadAtRandomUnderLoad() {
    Random random = new Random(1);
    int blocks = 256;
    long[] model = new long[blocks];
    long[] written = new long[DEPTH];
    for (int round = 1; round <= 300; round++) {
      int first = random.nextInt(blocks / DEPTH) * DEPTH;
      for (int i = 0; i < DEPTH; i++) {
        written[i] = (long) round << 8 | i;
        fill(i * blockBytes, blockBytes, written[i]);
        assertTrue(pair.tryWrite(first + i, 1, at(i * blockBytes), i));
        model[first + i] = written[i];
      }
      run(true, DEPTH);
      int other = random.nextInt(blocks / DEPTH) * DEPTH;
      for (int i = 0; i < DEPTH; i++) {
        assertTrue(pair.tryRead(other + i, 1, at((1 << 20) + i * blockBytes), i));
      }
      run(true, DEPTH);
      for (int i = 0; i < DEPTH; i++) {
        if (model[other + i] != 0) {
          verify((1 << 20) + i * blockBytes, blockBytes, model[other + i]);
        }
      }
    }
  }

  @Test
  void shouldLetSinkQueueCommands() {
    int[] left = {100};
    CompletionSink again =
        (tag, status) -> {
          assertEquals(IoStatus.SUCCESS, status);
          if (left[0]-- > 0) {
            assertTrue(pair.tryRead(tag, 1, at((int) tag * blockBytes), tag));
          }
        };
    for (int i = 0; i < DEPTH; i++) {
      assertTrue(pair.tryRead(i, 1, at(i * blockBytes), i));
    }
    for (int count = 0; count < 100 + DEPTH; ) {
      pair.submit();
      count += pair.poll(again, DEPTH);
      if (pair.inFlight() > 0) {
        pair.sleep(WAIT_NANOS);
      }
    }
    assertEquals(0, pair.inFlight());
  }

  @Test
  void shouldGrowOrSayWhyNot() throws IOException {
    long before = device.blockCount();
    device.grow(before);
    assertEquals(before, device.blockCount());
    if (device.capabilities().growable()) {
      device.grow(before + 10);
      assertEquals(before + 10, device.blockCount());
      fill(0, blockBytes, 1);
      run(pair.tryWrite(before + 9, 1, at(0), 1));
      run(pair.tryRead(before + 9, 1, at(1 << 20), 1));
      verify(1 << 20, blockBytes, 1);
    } else {
      assertThrows(IOException.class, () -> device.grow(before + 1));
      assertEquals(before, device.blockCount());
    }
  }

  /** Memory of the test, by offset. */
  private long at(int offset) {
    return memory.address() + offset;
  }

  private void run(boolean queued) {
    run(queued, 1);
  }

  private void run(boolean queued, int count) {
    assertTrue(queued);
    completions.clear();
    pair.submit();
    drain(count);
    for (long[] completion : completions) {
      int status = (int) completion[1];
      assertEquals(IoStatus.SUCCESS, status, () -> IoStatus.describe(status));
    }
  }

  private void drain(int count) {
    for (int done = 0; done < count; ) {
      int delivered = pair.poll(sink, DEPTH);
      done += delivered;
      if (delivered == 0) {
        pair.sleep(WAIT_NANOS);
      }
    }
    assertEquals(0, pair.inFlight());
  }

  private void refused(org.junit.jupiter.api.function.Executable command) {
    assertThrows(IllegalArgumentException.class, command);
    assertEquals(0, pair.inFlight());
  }

  private void fill(int offset, int lengthBytes, long seed) {
    for (int i = 0; i < lengthBytes; i += Long.BYTES) {
      NativeMemory.ALL.set(JAVA_LONG, at(offset + i), word(seed, i));
    }
  }

  private void clear(int offset, int lengthBytes) {
    NativeMemory.ALL.asSlice(at(offset), lengthBytes).fill((byte) 0);
  }

  private void verify(int offset, int lengthBytes, long seed) {
    for (int i = 0; i < lengthBytes; i += Long.BYTES) {
      long found = NativeMemory.ALL.get(JAVA_LONG, at(offset + i));
      if (found != word(seed, i)) {
        assertEquals(word(seed, i), found, "byte " + i + " of seed " + seed);
      }
    }
  }

  private static long word(long seed, int index) {
    return (seed + 1) * 0x9e3779b97f4a7c15L ^ index;
  }
}
