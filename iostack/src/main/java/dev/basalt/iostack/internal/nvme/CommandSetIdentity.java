// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * What a controller says of the NVM command set as it has it (NVM Command Set, section 4.1.5.4,
 * figure 102): limits of commands that transfer nothing.
 *
 * @param zeroedPagesMax pages of 4 KiB of one write zeroes command (WZSL), 0 when it does not say
 * @param deallocatedBlocksMax blocks of one range of dataset management (DMRSL, DMSL)
 */
public record CommandSetIdentity(long zeroedPagesMax, long deallocatedBlocksMax) {
  /** The length of a range has 32 bits. */
  private static final long RANGE_BLOCKS_MAX = 0xffff_ffffL;

  /** Of a controller from before version 2.0. */
  static final CommandSetIdentity UNKNOWN = new CommandSetIdentity(0, RANGE_BLOCKS_MAX);

  /** Reads the data of an identify command. */
  static CommandSetIdentity of(MemorySegment data) {
    int zeroes = data.get(JAVA_BYTE, 1) & 0xff;
    long range = data.get(JAVA_INT_UNALIGNED, 4) & 0xffff_ffffL;
    long command = data.get(JAVA_LONG_UNALIGNED, 8);
    return new CommandSetIdentity(
        zeroes == 0 ? 0 : 1L << Math.min(zeroes, 30),
        Math.min(range == 0 ? RANGE_BLOCKS_MAX : range, command <= 0 ? Long.MAX_VALUE : command));
  }
}
