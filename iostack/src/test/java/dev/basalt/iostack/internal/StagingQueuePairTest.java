// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.Devices;
import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.linux.MappedRegion;
import dev.basalt.linux.VirtualMemory;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is tried again below the completion that the user sees, and what is not. */
class StagingQueuePairTest {
  private static final int SLOT_BYTES = 4096;
  private static final int INTERNAL = IoStatus.of(0, 6, false);
  private static final int PATH = IoStatus.of(3, 0x71, false);
  private static final int MEDIA = IoStatus.of(2, 0x81, true);

  private final StubQueuePair pinned = new StubQueuePair(2);
  private final List<Integer> statuses = new ArrayList<>();
  private BlockDevice device;
  private MappedRegion memory;
  private StagingQueuePair pair;

  @BeforeEach
  void open() throws IOException {
    device = Devices.open("ram:1MiB", Execution.threads());
    memory = VirtualMemory.reserve(3 * SLOT_BYTES);
    pair =
        new StagingQueuePair(
            pinned, memory.address(), new CommandLimits(device), SLOT_BYTES, () -> {});
    pinned.completeCountMax = 1;
  }

  @AfterEach
  void close() {
    pair.close();
    device.close();
    memory.close();
  }

  @Test
  void shouldTryAgainWhatAResetHasEnded() {
    pinned.statuses.addAll(List.of(IoStatus.ABORTED_BY_RESET, INTERNAL, IoStatus.SUCCESS));
    long target = memory.address() + 2 * SLOT_BYTES;
    TransferMemory.putLong(target, 7);
    assertTrue(pair.tryWrite(3, 1, target, 42));
    TransferMemory.putLong(target, 8); // copied before: what is written again is what was given
    assertEquals(0, pair.poll((_, status) -> statuses.add(status), 1));
    assertEquals(0, pair.poll((_, status) -> statuses.add(status), 1));
    assertEquals(1, pair.inFlight());
    long written = pinned.addresses.getLast();
    assertEquals(7, TransferMemory.getLong(written));
    assertEquals(List.of(written, written, written), pinned.addresses);
    assertEquals(1, pair.poll((_, status) -> statuses.add(status), 1));
    assertEquals(List.of(IoStatus.SUCCESS), statuses);
    assertEquals(0, pair.inFlight());
  }

  @Test
  void shouldGiveUpAfterSomeRetries() {
    for (int i = 0; i <= StagingQueuePair.RETRIES_MAX; i++) {
      pinned.statuses.add(INTERNAL);
    }
    assertTrue(pair.tryDeallocate(3, 1, 1));
    assertEquals(StagingQueuePair.RETRIES_MAX, pollsUntilTheEnd());
    assertEquals(List.of(INTERNAL), statuses);
    pinned.statuses.addAll(List.of(INTERNAL, IoStatus.SUCCESS)); // a new command has new retries
    assertTrue(pair.tryWriteZeroes(3, 1, 1));
    assertEquals(1, pollsUntilTheEnd());
  }

  @Test
  void shouldNotTryAgainWhatTheDeviceSaysIsInVain() {
    pinned.statuses.add(MEDIA);
    assertTrue(pair.tryRead(3, 1, memory.address() + 2 * SLOT_BYTES, 1));
    assertEquals(0, pollsUntilTheEnd());
    assertEquals(List.of(MEDIA), statuses);
  }

  /** The second of two flushes may succeed because the first has dropped what was dirty. */
  @Test
  void shouldRepeatAFlushOnlyWhenAResetOrThePathEndedIt() {
    pinned.statuses.addAll(List.of(IoStatus.ABORTED_BY_RESET, PATH, IoStatus.SUCCESS));
    assertTrue(pair.tryFlush(1));
    assertEquals(2, pollsUntilTheEnd());
    pinned.statuses.add(INTERNAL);
    assertTrue(pair.tryFlush(1));
    assertEquals(0, pollsUntilTheEnd());
    assertEquals(List.of(IoStatus.SUCCESS, INTERNAL), statuses);
  }

  @Test
  void shouldDeliverTheRestAfterAReceiverHasPolled() {
    pinned.completeCountMax = 2;
    assertTrue(pair.tryFlush(1));
    assertTrue(pair.tryFlush(2));
    int count =
        pair.poll(
            (tag, status) -> {
              statuses.add(status);
              if (tag == 1) {
                pinned.completeCountMax = 0;
                assertEquals(0, pair.poll((_, _) -> {}, 1));
                pinned.completeCountMax = 2;
              }
            },
            2);
    assertEquals(2, count);
    assertEquals(List.of(IoStatus.SUCCESS, IoStatus.SUCCESS), statuses);
  }

  /** Returns how many polls came back without a completion. */
  private int pollsUntilTheEnd() {
    int polls = 0;
    while (pair.poll((_, status) -> statuses.add(status), 1) == 0) {
      polls++;
    }
    return polls;
  }
}
