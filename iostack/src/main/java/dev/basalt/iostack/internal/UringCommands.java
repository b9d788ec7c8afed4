// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

import dev.basalt.iostack.IoVector;

/**
 * The commands in flight of one {@link UringQueuePair}.
 *
 * <p>{@code expected} is the result that means the end of a slot's command: the bytes of a
 * transfer, 0 for others. What a command still has to do is at {@code offset} and {@code address};
 * for one that works through a range in pieces, {@code left} is all that is not done yet.
 *
 * <p><b>Concurrency.</b> The queue pair's owner only.
 */
final class UringCommands extends CommandSlots {
  /** Bytes of one {@code struct iovec}: u64 base, u64 length (readv(2)). */
  static final int PIECE_BYTES = 16;

  /** Bytes of a slot's vector. */
  static final int VECTOR_BYTES = IoVector.CAPACITY_MAX * PIECE_BYTES;

  /** Where a piece's length is. */
  private static final int LENGTH_OFFSET = 8;

  final byte[] opcodes;
  final int[] expected;
  final long[] offsets;
  final long[] addresses;
  final long[] left;
  final boolean[] isZeroing;
  private final int[] pieceCounts;

  UringCommands(int depth) {
    super(depth);
    opcodes = new byte[depth];
    expected = new int[depth];
    offsets = new long[depth];
    addresses = new long[depth];
    left = new long[depth];
    isZeroing = new boolean[depth];
    pieceCounts = new int[depth];
  }

  /** Takes a slot; -1 when there is none. */
  int tryTake(int opcode, long offset, long address, int expectedResult, long tag) {
    int slot = tryTake(tag);
    if (slot < 0) {
      return -1;
    }
    opcodes[slot] = (byte) opcode;
    expected[slot] = expectedResult;
    offsets[slot] = offset;
    addresses[slot] = address;
    left[slot] = 0;
    pieceCounts[slot] = 0;
    return slot;
  }

  @Override
  public void release(int slot) {
    opcodes[slot] = 0;
    super.release(slot);
  }

  /** Finds a command by its tag; -1 when none in flight has it. */
  int find(long tag) {
    for (int slot = 0; slot < depth(); slot++) {
      if (tag(slot) == tag && opcodes[slot] != 0) {
        return slot;
      }
    }
    return -1;
  }

  int pieceCount(int slot) {
    return pieceCounts[slot];
  }

  /** Copies a vector to the slot's place, which is its address. */
  void copy(int slot, IoVector vector) {
    long piece = addresses[slot];
    for (int i = 0; i < vector.count(); i++, piece += PIECE_BYTES) {
      TransferMemory.putLong(piece, vector.address(i));
      TransferMemory.putLong(piece + LENGTH_OFFSET, vector.lengthBytes(i));
    }
    pieceCounts[slot] = vector.count();
  }

  /** After a transfer of a part: the rest is what the slot has to do. */
  void advance(int slot, int doneBytes) {
    offsets[slot] += doneBytes;
    expected[slot] -= doneBytes;
    if (pieceCounts[slot] == 0) {
      addresses[slot] += doneBytes;
    } else {
      advanceVector(slot, doneBytes);
    }
  }

  private void advanceVector(int slot, int doneBytes) {
    long piece = addresses[slot];
    long done = doneBytes;
    for (; done >= TransferMemory.getLong(piece + LENGTH_OFFSET); piece += PIECE_BYTES) {
      done -= TransferMemory.getLong(piece + LENGTH_OFFSET);
      pieceCounts[slot]--;
    }
    TransferMemory.putLong(piece, TransferMemory.getLong(piece) + done);
    TransferMemory.putLong(
        piece + LENGTH_OFFSET, TransferMemory.getLong(piece + LENGTH_OFFSET) - done);
    addresses[slot] = piece;
  }
}
