// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import dev.basalt.iostack.IoStatus;

/** The status field of a completion (figure 93) as {@link IoStatus}. */
final class NvmeStatus {
  private static final int DO_NOT_RETRY = 1 << 14;

  private NvmeStatus() {}

  /** Reads dword 3 of a completion. */
  static int of(long dword3) {
    return ofField((int) (dword3 >>> 17));
  }

  /** Reads a status field without the phase tag. */
  static int ofField(int field) {
    return IoStatus.of(field >>> 8 & 7, field & 0xff, (field & DO_NOT_RETRY) != 0);
  }

  /** Reads the command id out of dword 3. */
  static int commandId(long dword3) {
    return (int) dword3 & 0xffff;
  }
}
