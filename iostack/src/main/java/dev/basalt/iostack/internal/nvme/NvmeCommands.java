// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

/**
 * The commands in flight of one {@link NvmeQueuePair}: a table of slots, and the list of the free
 * ones. A slot's number is the id of its command, of which the controller has one at a time: what
 * is longer than one command may be becomes several, one after the other.
 *
 * <p>{@code lbas}, {@code addresses} and {@code left} are what is not handed over yet; {@code
 * deadlines} is when the controller is expected to have ended the present one.
 *
 * <p><b>Concurrency.</b> The queue pair's thread only.
 */
final class NvmeCommands {
  final long[] tags;
  final byte[] opcodes;
  final int[] flags;
  final long[] lbas;
  final long[] addresses;
  final long[] left;
  final long[] deadlines;
  final boolean[] isInFlight;
  final boolean[] isAborted;
  private final int[] free;
  private int freeCount;

  NvmeCommands(int depth) {
    tags = new long[depth];
    opcodes = new byte[depth];
    flags = new int[depth];
    lbas = new long[depth];
    addresses = new long[depth];
    left = new long[depth];
    deadlines = new long[depth];
    isInFlight = new boolean[depth];
    isAborted = new boolean[depth];
    free = new int[depth];
    for (int i = depth - 1; i >= 0; i--) {
      free[freeCount++] = i;
    }
  }

  int depth() {
    return free.length;
  }

  int inFlight() {
    return free.length - freeCount;
  }

  /** Takes a slot; -1 when there is none. */
  int tryTake(int opcode, long lba, long lbaCount, long address, long tag) {
    if (freeCount == 0) {
      return -1;
    }
    int slot = free[--freeCount];
    tags[slot] = tag;
    opcodes[slot] = (byte) opcode;
    flags[slot] = 0;
    lbas[slot] = lba;
    addresses[slot] = address;
    left[slot] = lbaCount;
    isInFlight[slot] = true;
    isAborted[slot] = false;
    return slot;
  }

  void release(int slot) {
    isInFlight[slot] = false;
    free[freeCount++] = slot;
  }
}
