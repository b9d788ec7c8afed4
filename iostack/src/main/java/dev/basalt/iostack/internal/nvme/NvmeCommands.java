// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import dev.basalt.iostack.internal.CommandSlots;

/**
 * The commands in flight of a queue pair for a namespace. A slot has one command with the
 * controller at a time: what is longer than one command may be becomes several, one after the
 * other.
 *
 * <p>{@code lbas}, {@code addresses} and {@code left} are what is not done yet, {@code counts} the
 * blocks of the present command; {@code deadlines} is when the controller is expected to have ended
 * it.
 *
 * <p><b>Concurrency.</b> The queue pair's thread only.
 */
final class NvmeCommands extends CommandSlots {
  final byte[] opcodes;
  final int[] flags;
  final long[] lbas;
  final long[] addresses;
  final long[] left;
  final long[] counts;
  final long[] deadlines;
  final boolean[] isInFlight;
  final boolean[] isAborted;
  private final int blockShift;

  NvmeCommands(int depth, int blockShift) {
    super(depth);
    this.blockShift = blockShift;
    opcodes = new byte[depth];
    flags = new int[depth];
    lbas = new long[depth];
    addresses = new long[depth];
    left = new long[depth];
    counts = new long[depth];
    deadlines = new long[depth];
    isInFlight = new boolean[depth];
    isAborted = new boolean[depth];
  }

  /** Takes a slot; -1 when there is none. */
  int tryTake(int opcode, long lba, long lbaCount, long address, long tag) {
    int slot = tryTake(tag);
    if (slot < 0) {
      return -1;
    }
    opcodes[slot] = (byte) opcode;
    flags[slot] = 0;
    lbas[slot] = lba;
    addresses[slot] = address;
    left[slot] = lbaCount;
    counts[slot] = 0;
    isInFlight[slot] = true;
    isAborted[slot] = false;
    return slot;
  }

  @Override
  public void release(int slot) {
    isInFlight[slot] = false;
    super.release(slot);
  }

  /** The slot's present command has succeeded: tells whether there is more to do. */
  boolean finishPart(int slot) {
    long count = counts[slot];
    lbas[slot] += count;
    left[slot] -= count;
    if (addresses[slot] != 0) {
      addresses[slot] += count << blockShift;
    }
    return left[slot] > 0;
  }
}
