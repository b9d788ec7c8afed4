// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.sim;

import dev.basalt.iostack.IoVector;
import dev.basalt.iostack.internal.IoCommand;
import dev.basalt.linux.NativeMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A command on its way through a {@link SimulatedQueuePair}. Reused.
 *
 * <p><b>Concurrency.</b> Belongs to the queue pair's thread.
 */
final class SimulatedCommand {
  IoCommand command = IoCommand.FLUSH;
  long lba;
  long lbaCount;
  long tag;

  /** The commands submitted to the device before this one. */
  long number;

  /** When it ends. */
  long deadline;

  /** Of a flush: the newest write it has to make durable. */
  long flushHorizon;

  boolean isCancelled;

  /** Of a write: what the device has read from memory, block by block. */
  byte @Nullable [][] data;

  private long[] addresses = new long[1];
  private int[] lengthsBytes = new int[1];
  private int pieceCount;

  void set(IoCommand newCommand, long newLba, long newLbaCount, long newTag) {
    command = newCommand;
    lba = newLba;
    lbaCount = newLbaCount;
    tag = newTag;
    pieceCount = 0;
    isCancelled = false;
    data = null;
  }

  void setMemory(long address, int lengthBytes) {
    addresses[0] = address;
    lengthsBytes[0] = lengthBytes;
    pieceCount = 1;
  }

  void setMemory(IoVector vector) {
    pieceCount = vector.count();
    if (addresses.length < pieceCount) {
      addresses = new long[pieceCount];
      lengthsBytes = new int[pieceCount];
    }
    for (int i = 0; i < pieceCount; i++) {
      addresses[i] = vector.address(i);
      lengthsBytes[i] = vector.lengthBytes(i);
    }
  }

  boolean isRead() {
    return command == IoCommand.READ || command == IoCommand.READ_VECTORED;
  }

  boolean isWrite() {
    return command == IoCommand.WRITE || command == IoCommand.WRITE_VECTORED;
  }

  /** Tells whether the command changes blocks. */
  boolean isChange() {
    return !isRead() && command != IoCommand.FLUSH;
  }

  /** Reads what is to be written from memory. */
  void capture(int blockBytes) {
    byte[][] blocks = new byte[(int) lbaCount][];
    int block = 0;
    for (int i = 0; i < pieceCount; i++) {
      for (int done = 0; done < lengthsBytes[i]; done += blockBytes) {
        byte[] bytes = new byte[blockBytes];
        MemorySegment.copy(
            NativeMemory.ALL, ValueLayout.JAVA_BYTE, addresses[i] + done, bytes, 0, blockBytes);
        blocks[block++] = bytes;
      }
    }
    data = blocks;
  }

  /** Writes what was read to memory. */
  void deliver(SparseBlocks source, int blockBytes) {
    long block = lba;
    for (int i = 0; i < pieceCount; i++) {
      for (int done = 0; done < lengthsBytes[i]; done += blockBytes) {
        deliver(source.get(block++), addresses[i] + done, blockBytes);
      }
    }
  }

  private static void deliver(byte @Nullable [] bytes, long address, int blockBytes) {
    if (bytes == null) {
      NativeMemory.ALL.asSlice(address, blockBytes).fill((byte) 0);
    } else {
      MemorySegment.copy(bytes, 0, NativeMemory.ALL, ValueLayout.JAVA_BYTE, address, blockBytes);
    }
  }

  @Override
  public String toString() {
    return command
        + " of "
        + lbaCount
        + " blocks at LBA "
        + lba
        + ", "
        + Arrays.toString(addresses);
  }
}
