// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.nvme;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.basalt.iostack.IoStatus;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * An error that a controller remembers (section 5.16.1.2, figure 206).
 *
 * @param number counts all errors of the controller's life
 * @param queueId submission queue of the command
 * @param commandId of the command
 * @param status how it ended; see {@link dev.basalt.iostack.IoStatus}
 * @param lba the first block that was in error
 * @param namespaceId of the command
 */
public record ErrorLogEntry(
    long number, int queueId, int commandId, int status, long lba, int namespaceId) {
  private static final int BYTES = 64;

  /**
   * Reads the beginning of a log page.
   *
   * @param data some entries
   * @return those that are used, in their order
   */
  public static List<ErrorLogEntry> listOf(MemorySegment data) {
    List<ErrorLogEntry> entries = new ArrayList<>();
    for (long offset = 0; offset + BYTES <= data.byteSize(); offset += BYTES) {
      long number = data.get(JAVA_LONG_UNALIGNED, offset);
      if (number != 0) {
        entries.add(
            new ErrorLogEntry(
                number,
                data.get(JAVA_SHORT_UNALIGNED, offset + 8) & 0xffff,
                data.get(JAVA_SHORT_UNALIGNED, offset + 10) & 0xffff,
                status(data.get(JAVA_SHORT_UNALIGNED, offset + 12) & 0xffff),
                data.get(JAVA_LONG_UNALIGNED, offset + 16),
                data.get(JAVA_INT_UNALIGNED, offset + 24)));
      }
    }
    return entries;
  }

  /** Of the upper bits of dword 3 of a completion: the phase tag comes first (figure 93). */
  private static int status(int field) {
    return IoStatus.of(field >>> 9 & 7, field >>> 1 & 0xff, field >>> 15 != 0);
  }
}
