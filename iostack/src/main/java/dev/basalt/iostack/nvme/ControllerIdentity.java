// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.nvme;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/**
 * What a controller says of itself (section 5.17.2.1, figure 275).
 *
 * @param vendorId PCI vendor
 * @param serial serial number
 * @param model model number
 * @param firmware revision of the firmware
 * @param version of the specification, as the version register has it
 * @param transferPagesMax pages of 4 KiB a command may transfer (MDTS), or {@link
 *     Integer#MAX_VALUE}
 * @param shutdownMicros how long an orderly shutdown may take (RTD3E), 0 when it does not say
 * @param namespaceCount the highest namespace id
 * @param canCompare whether it knows compare
 * @param canDeallocate whether it knows dataset management
 * @param canWriteZeroes whether it knows write zeroes
 * @param hasVolatileWriteCache whether writes need a flush to be durable
 * @param atomicBlocks blocks written atomically in normal operation (AWUN, counted from 1)
 * @param powerFailAtomicBlocks blocks never torn by a power failure (AWUPF, counted from 1)
 * @param hasFlexiblePlacement whether it has flexible data placement (FDP)
 */
public record ControllerIdentity(
    int vendorId,
    String serial,
    String model,
    String firmware,
    int version,
    int transferPagesMax,
    long shutdownMicros,
    long namespaceCount,
    boolean canCompare,
    boolean canDeallocate,
    boolean canWriteZeroes,
    boolean hasVolatileWriteCache,
    int atomicBlocks,
    int powerFailAtomicBlocks,
    boolean hasFlexiblePlacement) {
  private static final int PLACEMENT_SHIFT = 19;

  /**
   * Reads the data of an identify command.
   *
   * @param data 4,096 bytes
   * @return what it says
   */
  public static ControllerIdentity of(MemorySegment data) {
    int transfer = data.get(JAVA_BYTE, 77) & 0xff;
    int commands = data.get(JAVA_SHORT_UNALIGNED, 520);
    return new ControllerIdentity(
        unsigned(data, 0),
        text(data, 4, 20),
        text(data, 24, 40),
        text(data, 64, 8),
        data.get(JAVA_INT_UNALIGNED, 80),
        transfer == 0 || transfer > 30 ? Integer.MAX_VALUE : 1 << transfer,
        data.get(JAVA_INT_UNALIGNED, 88) & 0xffff_ffffL,
        data.get(JAVA_INT_UNALIGNED, 516) & 0xffff_ffffL,
        (commands & 1) != 0,
        (commands >>> 2 & 1) != 0,
        (commands >>> 3 & 1) != 0,
        (data.get(JAVA_BYTE, 525) & 1) != 0,
        unsigned(data, 526) + 1,
        unsigned(data, 528) + 1,
        (data.get(JAVA_INT_UNALIGNED, 96) >>> PLACEMENT_SHIFT & 1) != 0);
  }

  private static int unsigned(MemorySegment data, long offset) {
    return data.get(JAVA_SHORT_UNALIGNED, offset) & 0xffff;
  }

  private static String text(MemorySegment data, long offset, int length) {
    byte[] bytes = data.asSlice(offset, length).toArray(JAVA_BYTE);
    return new String(bytes, StandardCharsets.US_ASCII).strip();
  }
}
