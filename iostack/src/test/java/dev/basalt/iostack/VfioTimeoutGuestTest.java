// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.internal.nvme.NvmeNamespaceDevice;
import dev.basalt.iostack.internal.nvme.NvmeQueuePair;
import dev.basalt.linux.NativeMemory;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A controller of the guest machine that ends 50 commands in a second, asked for each within a
 * tenth of one. It aborts none: a late command ends when its turn comes, or by a reset.
 */
@Tag("guest")
@Tag("vfio")
class VfioTimeoutGuestTest {
  private static final int BLOCK_BYTES = 512;
  private static final int DEPTH = 256;
  private static final int TRIES_MAX = 5;

  /** A few more than it ends before the driver loses patience, so that few are repeated. */
  private static final int REPEATED_COUNT = 125;

  private static final int NOT_YET = -1;
  private static final int OLD = 1;
  private static final int NEW = 2;
  private static final long WAIT_NANOS = 100_000_000;

  private VfioBinding binding;
  private NvmeNamespaceDevice device;
  private NvmeQueuePair pinned;
  private QueuePair pair;
  private final int[] statuses = new int[DEPTH];

  @BeforeAll
  static void requireGuest() {
    GuestMachine.check();
  }

  @BeforeEach
  void open() throws IOException {
    binding = new VfioBinding(GuestMachine.SLOW);
    device =
        (NvmeNamespaceDevice) Devices.open(binding.uri(1) + "?timeout-ms=100", Execution.threads());
    pinned = device.openPinned(DEPTH);
    pair = pinned;
    fill(0, DEPTH, OLD);
    run(true, 0, DEPTH);
  }

  @AfterEach
  void close() {
    pinned.close();
    device.close();
    binding.close();
  }

  /** Less than the two seconds that the driver gives a command after an abort. */
  @Test
  void shouldWaitForLateCommandsThatEndAfterAll() {
    int count = 25;
    long start = System.nanoTime();
    for (int i = 0; i < count; i++) {
      queue(false, i, 1, i);
    }
    awaitAll();
    long nanos = System.nanoTime() - start;
    assertTrue(nanos > WAIT_NANOS, "none was late: " + nanos + " ns");
    for (int i = 0; i < count; i++) {
      assertEquals(IoStatus.SUCCESS, statuses[i], "command " + i);
      assertEquals(OLD, version(i));
    }
  }

  /** More than it can end before the driver loses patience. */
  @Test
  void shouldFailEachCommandOnceAndGoOnAfterAReset() {
    for (int i = 0; i < DEPTH; i++) {
      boolean isWrite = i % 2 == 1;
      fill(i, 1, isWrite ? NEW : 0);
      queue(isWrite, i, 1, i);
    }
    awaitAll();
    boolean[] isFailed = new boolean[DEPTH];
    int failedCount = 0;
    for (int i = 0; i < DEPTH; i++) {
      isFailed[i] = statuses[i] != IoStatus.SUCCESS;
      if (isFailed[i]) {
        failedCount++;
        assertEquals(IoStatus.ABORTED_BY_RESET, statuses[i], "command " + i);
        assertTrue(IoStatus.isRetryable(statuses[i]));
      } else if (i % 2 == 0) {
        assertEquals(OLD, version(i), "block " + i);
      }
    }
    assertTrue(failedCount > 0 && failedCount < DEPTH, failedCount + " failed");
    assertEquals(0, pair.poll((tag, _) -> statuses[(int) tag] = NOT_YET, DEPTH), "once each");
    checkBlocks(isFailed);
    checkWorksAgain();
  }

  /** Who opens a queue pair as every user does sees a delay, and no error. */
  @Test
  void shouldRepeatForUsersWhatAResetHasEnded() throws IOException {
    try (QueuePair staged = device.openQueuePair(DEPTH)) {
      pair = staged;
      fill(0, REPEATED_COUNT, NEW);
      for (int i = 0; i < REPEATED_COUNT; i++) {
        queue(true, i, 1, i);
      }
      awaitAll();
      for (int i = 0; i < REPEATED_COUNT; i++) {
        assertEquals(IoStatus.SUCCESS, statuses[i], "command " + i);
      }
    }
    pair = pinned;
    fill(0, REPEATED_COUNT, 0);
    run(false, 0, REPEATED_COUNT);
    for (int i = 0; i < REPEATED_COUNT; i++) {
      assertEquals(NEW, version(i), "block " + i);
    }
  }

  /** A write that failed was done or not, as a whole. */
  private void checkBlocks(boolean[] isFailed) {
    fill(0, DEPTH, 0);
    run(false, 0, DEPTH);
    for (int i = 0; i < DEPTH; i++) {
      int found = version(i);
      if (i % 2 == 0) {
        assertEquals(OLD, found, "block " + i + ", never written again");
      } else if (!isFailed[i]) {
        assertEquals(NEW, found, "block " + i + ", whose write succeeded");
      } else {
        assertTrue(found == OLD || found == NEW, "block " + i + ", whose write failed");
      }
    }
  }

  private void checkWorksAgain() {
    int first = DEPTH - 8;
    fill(first, 8, NEW);
    run(true, first, 8);
    fill(first, 8, 0);
    run(false, first, 8);
    for (int i = first; i < DEPTH; i++) {
      assertEquals(NEW, version(i), "block " + i);
    }
  }

  /**
   * Runs one command, again while that is worth it: a reset lets all commands through that were
   * held back, and the throttle makes up for them.
   */
  private void run(boolean isWrite, int lba, int count) {
    int tries = 0;
    do {
      queue(isWrite, lba, count, 0);
      awaitAll();
      tries++;
    } while (IoStatus.isRetryable(statuses[0]) && tries < TRIES_MAX);
    assertEquals(IoStatus.SUCCESS, statuses[0], "after " + tries + " tries");
  }

  /** Each block has its memory. */
  private void queue(boolean isWrite, int lba, int count, int tag) {
    long address = pinned.data().address() + (long) lba * BLOCK_BYTES;
    statuses[tag] = NOT_YET;
    assertTrue(
        isWrite ? pair.tryWrite(lba, count, address, tag) : pair.tryRead(lba, count, address, tag));
  }

  private void awaitAll() {
    pair.submit();
    while (pair.inFlight() > 0) {
      if (pair.poll(this::note, DEPTH) == 0) {
        pair.sleep(WAIT_NANOS);
      }
    }
  }

  private void note(long tag, int status) {
    assertEquals(NOT_YET, statuses[(int) tag], "command " + tag + " has ended twice");
    statuses[(int) tag] = status;
  }

  private void fill(int lba, int count, int version) {
    for (long at = offset(lba); at < offset(lba + count); at += Long.BYTES) {
      NativeMemory.ALL.set(
          JAVA_LONG, pinned.data().address() + at, version == 0 ? 0 : at << 8 | version);
    }
  }

  /** Returns what version all of a block's memory is of. */
  private int version(int lba) {
    int version =
        (int) (NativeMemory.ALL.get(JAVA_LONG, pinned.data().address() + offset(lba)) & 0xff);
    for (long at = offset(lba); at < offset(lba + 1); at += Long.BYTES) {
      assertEquals(
          at << 8 | version,
          NativeMemory.ALL.get(JAVA_LONG, pinned.data().address() + at),
          "block " + lba + ", byte " + at);
    }
    return version;
  }

  private static long offset(int lba) {
    return (long) lba * BLOCK_BYTES;
  }
}
