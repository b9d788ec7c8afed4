// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import static dev.basalt.iostack.internal.nvme.NvmeAbi.*;

import dev.basalt.iostack.internal.TransferMemory;
import dev.basalt.iostack.nvme.NamespaceIdentity;

/**
 * Writes the next command of a slot into a submission queue entry: all of what the slot has to do,
 * or as many blocks as one command may have. {@link NvmeCommands#finishPart} takes it off.
 *
 * <p><b>Ownership.</b> Zeroes and ranges are the queue pair's memory.
 *
 * <p><b>Concurrency.</b> The queue pair's thread only.
 */
final class NvmeEntryWriter {
  /** Blocks of one write zeroes command: 16 bits, counted from 0 (NVM Command Set, figure 72). */
  private static final long ZEROED_BLOCKS_MAX = 1 << 16;

  private final NvmeCommands commands;
  private final Target target;
  private final Memory memory;
  private final DataPointer pointer;

  /** Says in an entry where a command's data is, in the way of who takes the entry. */
  interface DataPointer {
    /**
     * Sets both fields of the entry, which are zero.
     *
     * @param slot of the command
     * @param entry its entry
     * @param address absolute address of the data, contiguous
     * @param lengthBytes above 0
     */
    void set(int slot, long entry, long address, int lengthBytes);
  }

  /**
   * What the commands go to.
   *
   * @param namespaceId which namespace
   * @param blockShift its block size as a power of two
   * @param blocksMax blocks of one transfer
   * @param zeroedBlocksMax blocks of one write zeroes command
   * @param deallocatedBlocksMax blocks of one range of dataset management
   */
  record Target(
      int namespaceId,
      int blockShift,
      long blocksMax,
      long zeroedBlocksMax,
      long deallocatedBlocksMax) {
    static Target of(NamespaceIdentity namespace, long blocksMax, CommandSetIdentity commandSet) {
      int blockShift = Integer.numberOfTrailingZeros(namespace.blockBytes());
      long zeroed = commandSet.zeroedPagesMax() << PAGE_SHIFT >> blockShift;
      return new Target(
          namespace.id(),
          blockShift,
          blocksMax,
          // Devices limit zeroes as they do transfers, where they do not say.
          Math.min(ZEROED_BLOCKS_MAX, zeroed > 0 ? zeroed : blocksMax),
          commandSet.deallocatedBlocksMax());
    }
  }

  /**
   * Memory for what is no transfer of a caller's.
   *
   * @param zeroes absolute address of zeroes
   * @param zeroesBytes how many
   * @param ranges absolute address of the first slot's range of dataset management
   * @param rangeStride from one slot's range to the next
   */
  record Memory(long zeroes, int zeroesBytes, long ranges, int rangeStride) {}

  NvmeEntryWriter(NvmeCommands commands, Target target, Memory memory, DataPointer pointer) {
    this.commands = commands;
    this.target = target;
    this.memory = memory;
    this.pointer = pointer;
  }

  /**
   * Writes an entry, whose dwords 2 to 5, 14 and 15 are zero.
   *
   * @param slot of the command
   * @param commandId what identifies it to who takes the entry
   * @param entry absolute address
   */
  void write(int slot, int commandId, long entry) {
    int opcode = commands.opcodes[slot];
    TransferMemory.putLong(
        entry, opcode | (long) commandId << 16 | (long) target.namespaceId << 32);
    TransferMemory.putLong(entry + ENTRY_PRP1, 0);
    TransferMemory.putLong(entry + ENTRY_PRP2, 0);
    switch (opcode) {
      case READ, WRITE, COMPARE -> writeTransfer(slot, entry);
      case WRITE_ZEROES -> {
        long count = take(slot, target.zeroedBlocksMax);
        setBlocks(entry, commands.lbas[slot], count - 1);
      }
      case DATASET_MANAGEMENT -> writeRange(slot, entry);
      default -> setBlocks(entry, 0, 0);
    }
  }

  private void writeTransfer(int slot, long entry) {
    boolean isZeroing = commands.addresses[slot] == 0;
    long address = isZeroing ? memory.zeroes : commands.addresses[slot];
    long zeroedMax = memory.zeroesBytes >> target.blockShift;
    long count = take(slot, isZeroing ? Math.min(target.blocksMax, zeroedMax) : target.blocksMax);
    pointer.set(slot, entry, address, (int) (count << target.blockShift));
    setBlocks(entry, commands.lbas[slot], count - 1 | commands.flags[slot]);
  }

  private void writeRange(int slot, long entry) {
    long count = take(slot, target.deallocatedBlocksMax);
    long range = memory.ranges + (long) slot * memory.rangeStride;
    TransferMemory.putLong(range, count << 32);
    TransferMemory.putLong(range + Long.BYTES, commands.lbas[slot]);
    pointer.set(slot, entry, range, RANGE_BYTES);
    setBlocks(entry, (long) DEALLOCATE << 32, 0); // one range, counted from 0
  }

  private long take(int slot, long countMax) {
    commands.counts[slot] = Math.min(commands.left[slot], countMax);
    return commands.counts[slot];
  }

  /** Sets dwords 10 to 13: the first block, or what stands there, and dword 12. */
  private static void setBlocks(long entry, long first, long dword12) {
    TransferMemory.putLong(entry + ENTRY_DWORD10, first);
    TransferMemory.putLong(entry + ENTRY_DWORD12, dword12);
  }
}
