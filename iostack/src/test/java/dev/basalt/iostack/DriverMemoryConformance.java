// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.iostack.internal.driver.DriverDevice;
import dev.basalt.iostack.internal.driver.DriverQueuePair;
import dev.basalt.linux.MappedRegion;
import dev.basalt.linux.NativeMemory;
import dev.basalt.linux.VirtualMemory;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Queue pairs over drivers in C that transfer to and from their own DMA memory, without a copy. The
 * device takes scatter lists, and pieces aligned to 4 bytes.
 */
abstract class DriverMemoryConformance {
  private static final int DEPTH = 4;
  private static final long WAIT_NANOS = 1_000_000;

  private DriverDevice device;
  private DriverQueuePair pair;
  private long memory;
  private int block;

  /** Opens the device. */
  abstract BlockDevice open() throws IOException;

  /** What addresses are to be aligned to. */
  abstract int alignmentBytes();

  @BeforeEach
  void openPinned() throws IOException {
    device = (DriverDevice) open();
    pair = device.openPinned(DEPTH);
    memory = pair.data().address();
    block = device.capabilities().blockBytes();
  }

  @AfterEach
  void close() {
    pair.close();
    device.close();
  }

  @Test
  void shouldHaveMemoryForEachCommand() {
    long wanted = (long) DEPTH * device.capabilities().transferBytesMax();
    assertEquals(wanted, pair.data().sizeBytes());
  }

  @Test
  void shouldNotTellTheAddressOfFreedMemory() {
    pair.close();
    assertThrows(IllegalStateException.class, pair::data);
  }

  @Test
  void shouldReadWhatItHasWrittenWithoutACopy() {
    long other = memory + 2L * block;
    fill(memory, 2 * block, 17);
    run(pair.tryWrite(3, 2, memory, 1));
    fill(other, 2 * block, 99);
    run(pair.tryRead(3, 2, other, 2));
    assertFilled(other, 2 * block, 17);
  }

  @Test
  void shouldReadAndWriteInPieces() {
    IoVector apart = new IoVector(2);
    assertTrue(apart.tryAdd(memory, block));
    assertTrue(apart.tryAdd(memory + 5L * block, 2 * block));
    fill(memory, block, 3);
    fill(memory + 5L * block, 2 * block, 4);
    run(pair.tryWriteVectored(7, apart, 1));
    long other = memory + 10L * block;
    run(pair.tryRead(7, 3, other, 2));
    assertFilled(other, block, 3);
    assertFilled(other + block, 2 * block, 4);
    fill(memory, 7 * block, 0);
    run(pair.tryReadVectored(7, apart, 3));
    assertFilled(memory, block, 3);
    assertFilled(memory + 5L * block, 2 * block, 4);
  }

  @Test
  void shouldTakeTheFirstAndTheLastAddress() {
    long end = memory + pair.data().sizeBytes();
    run(pair.tryRead(0, 1, memory, 1));
    run(pair.tryRead(0, 1, end - block, 2));
    run(pair.tryRead(0, 1, memory + alignmentBytes(), 3));
  }

  @Test
  void shouldRefuseOtherMemoryBeforeTheDriverSeesIt() throws IOException {
    try (DriverQueuePair second = device.openPinned(1);
        MappedRegion plain = VirtualMemory.reserve(block)) {
      long end = memory + pair.data().sizeBytes();
      long[] wrong = {
        plain.address(),
        second.data().address(),
        memory - block,
        end,
        end - block + 4,
        1L << 62,
        -4096
      };
      for (long address : wrong) {
        assertRefused(address);
      }
      assertThrows(
          IllegalArgumentException.class,
          () -> pair.tryRead(0, 2, end - block, 1),
          "reaches beyond");
    }
    assertEquals(0, pair.inFlight());
    run(pair.tryFlush(1));
  }

  @Test
  void shouldRefuseAddressesThatAreNotAligned() {
    for (int offset = 1; offset < alignmentBytes(); offset++) {
      assertRefused(memory + offset);
    }
    assertEquals(0, pair.inFlight());
  }

  /** Staged and not, on one device. */
  @Test
  void shouldBeBesideAQueuePairThatTakesAnyMemory() throws IOException {
    try (QueuePair any = device.openQueuePair(1);
        MappedRegion plain = VirtualMemory.reserve(block)) {
      fill(memory, block, 55);
      run(pair.tryWrite(12, 1, memory, 1));
      run(any, any.tryRead(12, 1, plain.address(), 2));
      assertFilled(plain.address(), block, 55);
    }
  }

  private void assertRefused(long address) {
    IoVector vector = new IoVector(2);
    assertTrue(vector.tryAdd(memory, block));
    assertTrue(vector.tryAdd(address, block));
    assertThrows(IllegalArgumentException.class, () -> pair.tryRead(0, 1, address, 1));
    assertThrows(IllegalArgumentException.class, () -> pair.tryWrite(0, 1, address, 1));
    assertThrows(IllegalArgumentException.class, () -> pair.tryReadVectored(0, vector, 1));
    assertThrows(IllegalArgumentException.class, () -> pair.tryWriteVectored(0, vector, 1));
  }

  private void run(boolean queued) {
    run(pair, queued);
  }

  private static void run(QueuePair pair, boolean queued) {
    assertTrue(queued);
    pair.submit();
    while (pair.poll((_, status) -> assertEquals(IoStatus.SUCCESS, status), 1) == 0) {
      pair.sleep(WAIT_NANOS);
    }
  }

  private static void fill(long address, int lengthBytes, int value) {
    for (int i = 0; i < lengthBytes; i++) {
      NativeMemory.ALL.set(ValueLayout.JAVA_BYTE, address + i, (byte) (value + i));
    }
  }

  private static void assertFilled(long address, int lengthBytes, int value) {
    for (int i = 0; i < lengthBytes; i++) {
      assertEquals((byte) (value + i), NativeMemory.ALL.get(ValueLayout.JAVA_BYTE, address + i));
    }
  }
}
