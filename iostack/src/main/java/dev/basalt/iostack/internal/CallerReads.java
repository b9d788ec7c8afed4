// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.BlockReader;
import dev.basalt.iostack.IoException;
import dev.basalt.iostack.IoStackStatistics;
import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.agent.ParkingLot;
import dev.basalt.iostack.agent.WaitCondition;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLongArray;
import org.jspecify.annotations.Nullable;

/**
 * Reads that the calling threads carry out themselves, where the device has {@link BlockReader}s. A
 * platform thread sleeps in the kernel as well as it would at a poller, and spares two thread
 * switches; a virtual thread comes here only where a read waits for nothing.
 *
 * <p><b>Concurrency.</b> Any thread. A reader belongs to whoever has claimed its slot.
 *
 * <pre>
 *  claim word: 0 free | 1 claimed
 *  0 -> 1  by CAS, by a caller;   1 -> 0  by the same caller
 * </pre>
 *
 * <ul>
 *   <li><b>Ordering.</b> A caller claims (CAS) and then reads {@code closing}; who closes writes
 *       {@code closing} and then reads the claims. All are volatile, so one of the two sees the
 *       other, and no reader is closed in use. The volatile store that frees a slot pairs with the
 *       next CAS and hands the reader on.
 *   <li><b>Progress.</b> Lock-free: a caller that finds no free slot goes to a poller.
 * </ul>
 */
public final class CallerReads implements AutoCloseable {
  /** More readers than cores: a platform thread may be asleep in its read. */
  public static final int READER_COUNT = 32;

  /** Slots probed before a caller goes to a poller. */
  private static final int PROBES_MAX = 8;

  /** One claim per two cache lines: neighbours are claimed by different threads. */
  private static final int CLAIM_STRIDE = 32;

  /** Counters of a slot: reads, then errors, two cache lines a slot. */
  private static final int COUNTER_STRIDE = 16;

  private static final long GOLDEN_RATIO = 0x9E3779B97F4A7C15L;
  private static final int FREE = 0;
  private static final int CLAIMED = 1;

  private final BlockReader[] readers;
  private final int slotMask;
  private final boolean mayWait;
  private final ParkingLot lot;
  private final WaitCondition isInUse = _ -> isInUse();
  private final AtomicIntegerArray claims;
  private final AtomicLongArray counters;
  private final AtomicBoolean isClosed = new AtomicBoolean();
  private volatile boolean closing;

  private CallerReads(BlockReader[] readers, Execution execution) {
    this.readers = readers;
    slotMask = readers.length - 1;
    claims = new AtomicIntegerArray(readers.length * CLAIM_STRIDE);
    counters = new AtomicLongArray(readers.length * COUNTER_STRIDE);
    mayWait = readers[0].mayWait();
    lot = new ParkingLot(execution);
  }

  /**
   * Opens the readers of a device.
   *
   * @param device the device
   * @param readerCount how many reads there may be at a time, a power of two
   * @param execution the seam to wait through
   * @return the reads, or null where the device has no readers
   * @throws IOException when the kernel refuses
   */
  public static @Nullable CallerReads open(BlockDevice device, int readerCount, Execution execution)
      throws IOException {
    assert Integer.bitCount(readerCount) == 1 : readerCount;
    BlockReader first = device.openReader();
    if (first == null) {
      return null;
    }
    BlockReader[] readers = new BlockReader[readerCount];
    readers[0] = first;
    CallerReads opened = null;
    try {
      for (int slot = 1; slot < readerCount; slot++) {
        readers[slot] = device.openReader();
      }
      opened = new CallerReads(readers, execution);
      return opened;
    } finally {
      if (opened == null) {
        close(readers);
      }
    }
  }

  /**
   * Reads consecutive blocks if the calling thread may and a reader is free.
   *
   * @param lba the first block
   * @param lbaCount how many, up to the device's maximum transfer
   * @param address where the data goes
   * @return false when nothing was done: the caller goes to a poller
   * @throws IoException when the device reports an error
   * @throws IllegalArgumentException when a parameter is misaligned or outside the device
   */
  public boolean tryRead(long lba, int lbaCount, long address) throws IoException {
    if (mayWait && Thread.currentThread().isVirtual()) {
      return false;
    }
    int slot = tryClaim();
    if (slot < 0) {
      return false;
    }
    int status;
    try {
      status = readers[slot].read(lba, lbaCount, address);
      count(slot, status);
    } finally {
      release(slot);
    }
    if (status != IoStatus.SUCCESS) {
      String command = IoCommand.READ + " of " + lbaCount + " blocks at LBA " + lba;
      throw new IoException(command + " failed: " + IoStatus.describe(status), status, null);
    }
    return true;
  }

  /**
   * Tells whether a read may wait for hardware.
   *
   * @return false for memory
   */
  public boolean mayWait() {
    return mayWait;
  }

  /**
   * Returns what was done.
   *
   * @return a snapshot
   */
  public IoStackStatistics statistics() {
    long reads = 0;
    long errors = 0;
    for (int slot = 0; slot < readers.length; slot++) {
      reads += counters.getOpaque(slot * COUNTER_STRIDE);
      errors += counters.getOpaque(slot * COUNTER_STRIDE + 1);
    }
    return new IoStackStatistics(reads, 0, 0, errors, 0, 0, 0);
  }

  /** Lets nobody in any more, waits for the reads under way and closes the readers. Idempotent. */
  @Override
  public void close() {
    closing = true;
    lot.awaitWhile(0, isInUse, 0);
    if (isClosed.compareAndSet(false, true)) {
      close(readers);
    }
  }

  private static void close(@Nullable BlockReader[] readers) {
    for (BlockReader reader : readers) {
      if (reader != null) {
        reader.close();
      }
    }
  }

  private int tryClaim() {
    int start = (int) (Thread.currentThread().threadId() * GOLDEN_RATIO >>> Integer.SIZE);
    for (int i = 0; i < PROBES_MAX && !closing; i++) {
      int slot = start + i & slotMask;
      if (claims.getPlain(slot * CLAIM_STRIDE) == FREE
          && claims.compareAndSet(slot * CLAIM_STRIDE, FREE, CLAIMED)) {
        return claimed(slot);
      }
    }
    return -1;
  }

  private int claimed(int slot) {
    if (closing) {
      release(slot);
      return -1;
    }
    return slot;
  }

  private void release(int slot) {
    claims.set(slot * CLAIM_STRIDE, FREE);
    if (closing) {
      lot.wakeAll(0);
    }
  }

  private void count(int slot, int status) {
    increment(slot * COUNTER_STRIDE);
    if (status != IoStatus.SUCCESS) {
      increment(slot * COUNTER_STRIDE + 1);
    }
  }

  /** The holder of the slot is the only writer. */
  private void increment(int index) {
    counters.setOpaque(index, counters.getPlain(index) + 1);
  }

  private boolean isInUse() {
    for (int slot = 0; slot < readers.length; slot++) {
      if (claims.get(slot * CLAIM_STRIDE) != FREE) {
        return true;
      }
    }
    return false;
  }
}
