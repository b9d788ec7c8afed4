// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.nvme;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * The health of a device, "SMART" (section 5.16.1.3, figure 207). Counts are of the device's life;
 * those beyond 2^63 - 1 are that.
 *
 * @param criticalWarning bits: 0 spare low, 1 temperature, 2 reliability, 3 read-only, 4 backup
 * @param temperatureKelvin of the device
 * @param sparePercent what is left of the spare capacity
 * @param spareThresholdPercent where the spare capacity is low
 * @param usedPercent of the expected life, may be above 100
 * @param dataUnitsRead thousands of 512 bytes
 * @param dataUnitsWritten thousands of 512 bytes
 * @param powerCycles how often it was switched on
 * @param powerOnHours how long it was on
 * @param unsafeShutdowns how often it lost power without notice
 * @param mediaErrors data that could not be read back
 * @param errorLogEntries entries of the error log ever
 */
public record HealthLog(
    int criticalWarning,
    int temperatureKelvin,
    int sparePercent,
    int spareThresholdPercent,
    int usedPercent,
    long dataUnitsRead,
    long dataUnitsWritten,
    long powerCycles,
    long powerOnHours,
    long unsafeShutdowns,
    long mediaErrors,
    long errorLogEntries) {
  /** Size of the log page. */
  public static final int BYTES = 512;

  /**
   * Reads a log page.
   *
   * @param data {@link #BYTES}
   * @return what it says
   */
  public static HealthLog of(MemorySegment data) {
    return new HealthLog(
        data.get(JAVA_BYTE, 0) & 0xff,
        data.get(JAVA_SHORT_UNALIGNED, 1) & 0xffff,
        data.get(JAVA_BYTE, 3) & 0xff,
        data.get(JAVA_BYTE, 4) & 0xff,
        data.get(JAVA_BYTE, 5) & 0xff,
        count(data, 32),
        count(data, 48),
        count(data, 112),
        count(data, 128),
        count(data, 144),
        count(data, 160),
        count(data, 176));
  }

  /** Reads a 128-bit count. */
  private static long count(MemorySegment data, long offset) {
    long low = data.get(JAVA_LONG_UNALIGNED, offset);
    long high = data.get(JAVA_LONG_UNALIGNED, offset + Long.BYTES);
    return high != 0 || low < 0 ? Long.MAX_VALUE : low;
  }
}
