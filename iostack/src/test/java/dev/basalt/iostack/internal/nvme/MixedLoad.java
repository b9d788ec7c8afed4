// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.CompletionSink;
import dev.basalt.iostack.IoStatus;
import dev.basalt.iostack.IoVector;
import dev.basalt.iostack.QueuePair;
import dev.basalt.linux.MappedRegion;
import dev.basalt.linux.NativeMemory;
import dev.basalt.linux.VirtualMemory;
import java.io.IOException;
import java.util.SplittableRandom;

/**
 * Commands of all kinds, by seed, and for each block what it must hold: nothing or a version, and
 * after a deallocation either. Commands in flight never share a block, as their order is open. All
 * memory is at odd addresses, with a byte before and behind each piece that must stay as it is.
 *
 * <p><b>Concurrency.</b> One thread.
 */
final class MixedLoad implements CompletionSink, AutoCloseable {
  private static final int PIECES_MAX = 16;
  private static final int GAP_BYTES_MAX = 64;
  private static final long SLACK_BYTES = (PIECES_MAX + 1) * GAP_BYTES_MAX;
  private static final byte GUARD = 0x5a;
  private static final long GOLDEN = 0x9e3779b97f4a7c15L;
  private static final long WAIT_NANOS = 1_000_000_000L;
  private static final int PLACES_TRIED_MAX = 16;

  /** What a command is, and its share of a hundred. */
  private enum Kind {
    READ(25),
    READ_VECTORED(20),
    WRITE(20),
    WRITE_VECTORED(20),
    WRITE_ZEROES(6),
    DEALLOCATE(6),
    FLUSH(3);

    final int percent;

    Kind(int percent) {
      this.percent = percent;
    }

    boolean isRead() {
      return this == READ || this == READ_VECTORED;
    }

    boolean isWrite() {
      return this == WRITE || this == WRITE_VECTORED;
    }
  }

  /** A command in flight: tag, blocks and memory. */
  private static final class Slot {
    final IoVector vector = new IoVector(PIECES_MAX);
    Kind kind = Kind.FLUSH;
    int lba;
    int count;
    int version;
    boolean isQueued;
  }

  private final int blockBytes;
  private final int transferBlocksMax;
  private final int[] versions;
  private final boolean[] mayBeZero;
  private final boolean[] isBusy;
  private final SplittableRandom random;
  private final Slot[] slots;
  private final int[] free;
  private final long slotBytes;
  private final MappedRegion memory;
  private int freeCount;
  private int newestVersion;
  private int endedCount;

  /**
   * Prepares a load.
   *
   * @param device which the load has to itself, zeroed in its first blocks
   * @param blockCount how many those are; the load changes no others
   * @param depthMax the most commands in flight
   * @param seed decides all commands
   */
  MixedLoad(BlockDevice device, int blockCount, int depthMax, long seed) throws IOException {
    blockBytes = device.capabilities().blockBytes();
    transferBlocksMax = device.capabilities().transferBytesMax() / blockBytes;
    versions = new int[blockCount];
    mayBeZero = new boolean[blockCount];
    isBusy = new boolean[blockCount];
    random = new SplittableRandom(seed);
    slots = new Slot[depthMax];
    free = new int[depthMax];
    for (int i = 0; i < depthMax; i++) {
      slots[i] = new Slot();
    }
    slotBytes = device.capabilities().transferBytesMax() + SLACK_BYTES;
    memory = VirtualMemory.reserve(slotBytes * depthMax);
  }

  /** Runs commands, as many at once as the queue pair takes, and checks each. */
  void run(QueuePair pair, int commandCount) {
    freeCount = 0;
    for (int i = pair.depth() - 1; i >= 0; i--) {
      free[freeCount++] = i;
    }
    int end = endedCount + commandCount;
    int queued = endedCount;
    while (endedCount < end) {
      while (queued < end && tryQueue(pair)) {
        queued++;
      }
      assertTrue(pair.inFlight() > 0, "nothing was queued");
      pair.submit();
      if (pair.poll(this, pair.depth()) == 0) {
        pair.sleep(WAIT_NANOS);
      }
    }
    assertEquals(0, pair.inFlight());
    assertEquals(0, pair.poll(this, 1), "more completions than commands");
  }

  /** Reads all blocks and compares them. */
  void verifyAll(QueuePair pair) {
    for (int lba = 0; lba < versions.length; lba += transferBlocksMax) {
      Slot slot = slots[0];
      slot.kind = Kind.READ;
      slot.lba = lba;
      slot.count = Math.min(transferBlocksMax, versions.length - lba);
      layOut(0, 1);
      slot.isQueued = true;
      freeCount = 0;
      assertTrue(queue(pair, 0));
      while (slot.isQueued) {
        pair.submit();
        if (pair.poll(this, 1) == 0) {
          pair.sleep(WAIT_NANOS);
        }
      }
    }
  }

  @Override
  public void onCompletion(long tag, int status) {
    Slot slot = slots[(int) tag];
    assertTrue(slot.isQueued, () -> "completion of " + tag + ", which is not in flight");
    assertEquals(IoStatus.SUCCESS, status, () -> describe(slot) + ": " + IoStatus.describe(status));
    slot.isQueued = false;
    for (int lba = slot.lba; lba < slot.lba + slot.count; lba++) {
      isBusy[lba] = false;
    }
    switch (slot.kind) {
      case READ, READ_VECTORED -> verify(slot);
      case WRITE, WRITE_VECTORED, WRITE_ZEROES -> changed(slot);
      case DEALLOCATE -> deallocated(slot);
      case FLUSH -> {}
    }
    free[freeCount++] = (int) tag;
    endedCount++;
  }

  private boolean tryQueue(QueuePair pair) {
    if (freeCount == 0) {
      return false;
    }
    int tag = free[freeCount - 1];
    Slot slot = slots[tag];
    slot.kind = kind();
    slot.count = 0;
    if (slot.kind != Kind.FLUSH && !tryPlace(slot)) {
      return false;
    }
    boolean isVectored = slot.kind == Kind.READ_VECTORED || slot.kind == Kind.WRITE_VECTORED;
    if (slot.kind.isRead() || slot.kind.isWrite()) {
      layOut(tag, isVectored ? 1 + random.nextInt(Math.min(PIECES_MAX, slot.count)) : 1);
    }
    if (slot.kind.isWrite()) {
      slot.version = ++newestVersion;
      fill(slot);
    } else {
      slot.version = 0;
    }
    slot.isQueued = true;
    freeCount--;
    assertTrue(queue(pair, tag), "the queue pair is full before its depth");
    return true;
  }

  private Kind kind() {
    int share = random.nextInt(100);
    for (Kind kind : Kind.values()) {
      share -= kind.percent;
      if (share < 0) {
        return kind;
      }
    }
    return Kind.FLUSH;
  }

  /** Half of the commands are short. Fails where all places tried are in use. */
  private boolean tryPlace(Slot slot) {
    boolean isTransfer = slot.kind.isRead() || slot.kind.isWrite();
    int most = random.nextBoolean() ? 8 : isTransfer ? transferBlocksMax : 2 * transferBlocksMax;
    slot.count = 1 + random.nextInt(most);
    for (int i = 0; i < PLACES_TRIED_MAX; i++) {
      slot.lba = random.nextInt(versions.length - slot.count + 1);
      if (isFree(slot)) {
        for (int lba = slot.lba; lba < slot.lba + slot.count; lba++) {
          isBusy[lba] = true;
        }
        return true;
      }
    }
    return false;
  }

  private boolean isFree(Slot slot) {
    for (int lba = slot.lba; lba < slot.lba + slot.count; lba++) {
      if (isBusy[lba]) {
        return false;
      }
    }
    return true;
  }

  /** Cuts the command's memory into pieces, with guards around each. */
  private void layOut(int tag, int pieceCount) {
    Slot slot = slots[tag];
    slot.vector.clear();
    long address = memory.address() + tag * slotBytes;
    int left = slot.count;
    for (int i = 0; i < pieceCount; i++) {
      int pieces = pieceCount - i - 1;
      int count = pieces == 0 ? left : 1 + random.nextInt(left - pieces);
      address = (address + 1 + random.nextInt(GAP_BYTES_MAX - 2)) | 1;
      int lengthBytes = count * blockBytes;
      assertTrue(slot.vector.tryAdd(address, lengthBytes));
      NativeMemory.ALL.set(JAVA_BYTE, address - 1, GUARD);
      address += lengthBytes;
      NativeMemory.ALL.set(JAVA_BYTE, address, GUARD);
      left -= count;
    }
  }

  private boolean queue(QueuePair pair, int tag) {
    Slot slot = slots[tag];
    return switch (slot.kind) {
      case READ -> pair.tryRead(slot.lba, slot.count, slot.vector.address(0), tag);
      case READ_VECTORED -> pair.tryReadVectored(slot.lba, slot.vector, tag);
      case WRITE -> pair.tryWrite(slot.lba, slot.count, slot.vector.address(0), tag);
      case WRITE_VECTORED -> pair.tryWriteVectored(slot.lba, slot.vector, tag);
      case WRITE_ZEROES -> pair.tryWriteZeroes(slot.lba, slot.count, tag);
      case DEALLOCATE -> pair.tryDeallocate(slot.lba, slot.count, tag);
      case FLUSH -> pair.tryFlush(tag);
    };
  }

  private void fill(Slot slot) {
    int lba = slot.lba;
    for (int i = 0; i < slot.vector.count(); i++) {
      long end = slot.vector.address(i) + slot.vector.lengthBytes(i);
      for (long block = slot.vector.address(i); block < end; block += blockBytes) {
        long first = first(lba++, slot.version);
        for (int at = 0; at < blockBytes; at += Long.BYTES) {
          NativeMemory.ALL.set(JAVA_LONG_UNALIGNED, block + at, first + at);
        }
      }
    }
  }

  private void verify(Slot slot) {
    int lba = slot.lba;
    for (int i = 0; i < slot.vector.count(); i++) {
      long address = slot.vector.address(i);
      long end = address + slot.vector.lengthBytes(i);
      for (long block = address; block < end; block += blockBytes) {
        verifyBlock(slot, lba++, block);
      }
      assertEquals(GUARD, NativeMemory.ALL.get(JAVA_BYTE, address - 1), () -> describe(slot));
      assertEquals(GUARD, NativeMemory.ALL.get(JAVA_BYTE, end), () -> describe(slot));
    }
  }

  private void verifyBlock(Slot slot, int lba, long address) {
    boolean isZero = versions[lba] == 0;
    if (mayBeZero[lba]) {
      isZero |= NativeMemory.ALL.get(JAVA_LONG_UNALIGNED, address) == 0;
    }
    long first = isZero ? 0 : first(lba, versions[lba]);
    int step = isZero ? 0 : 1;
    for (int at = 0; at < blockBytes; at += Long.BYTES) {
      long found = NativeMemory.ALL.get(JAVA_LONG_UNALIGNED, address + at);
      if (found != first + (long) at * step) {
        assertEquals(first + (long) at * step, found, describe(slot) + ", block " + lba + ":" + at);
      }
    }
  }

  private void changed(Slot slot) {
    for (int lba = slot.lba; lba < slot.lba + slot.count; lba++) {
      versions[lba] = slot.version;
      mayBeZero[lba] = false;
    }
  }

  private void deallocated(Slot slot) {
    for (int lba = slot.lba; lba < slot.lba + slot.count; lba++) {
      mayBeZero[lba] = true;
    }
  }

  /** Returns the first eight bytes of a block; never 0. */
  private static long first(int lba, int version) {
    return ((long) version << 32 | lba) * GOLDEN | 1;
  }

  private String describe(Slot slot) {
    return "command %d, %s of %d blocks at LBA %d in %d pieces"
        .formatted(endedCount, slot.kind, slot.count, slot.lba, slot.vector.count());
  }

  @Override
  public void close() {
    memory.close();
  }
}
