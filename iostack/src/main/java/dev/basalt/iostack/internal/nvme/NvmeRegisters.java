// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import dev.basalt.linux.NativeMemory;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * A controller's registers (section 3.1.3) by absolute address.
 *
 * <p>Every access is 32 bits wide, a release store or an acquire load: the compiler merges, repeats
 * and drops plain ones (facts, "VFIO and NVMe registers"), and a 64-bit register may be read in
 * halves (section 3.1). All reads are used by their callers, for the same reason.
 *
 * <p><b>Concurrency.</b> Any thread; the order of writes is the caller's business.
 */
final class NvmeRegisters {
  static final int CAPABILITIES = 0x00;
  static final int VERSION = 0x08;
  static final int CONFIGURATION = 0x14;
  static final int STATUS = 0x1c;
  static final int ADMIN_QUEUE_SIZES = 0x24;
  static final int ADMIN_SQ = 0x28;
  static final int ADMIN_CQ = 0x30;
  static final int READY_TIMEOUTS = 0x68;
  static final int DOORBELLS = 0x1000;

  /** What a device that is gone answers. */
  static final int GONE = -1;

  static final int ENABLE = 1;

  /** Entries of 2^6 and 2^4 bytes; pages of 4 KiB; the NVM command set; round robin. */
  static final int QUEUE_ENTRY_SIZES = 6 << 16 | 4 << 20;

  /** All command sets the controller has (CC.CSS 110b), so that zoned namespaces are told apart. */
  static final int ALL_COMMAND_SETS = 6 << 4;

  static final int SHUTDOWN_NORMAL = 1 << 14;
  static final int SHUTDOWN_MASK = 3 << 14;

  static final int READY = 1;
  static final int FATAL = 1 << 1;
  static final int SHUTDOWN_STATUS_MASK = 3 << 2;
  static final int SHUTDOWN_COMPLETE = 2 << 2;

  private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle();

  private final long address;
  private final long capabilities;

  NvmeRegisters(long address) {
    this.address = address;
    capabilities = get(CAPABILITIES) & 0xffff_ffffL | (long) get(CAPABILITIES + 4) << 32;
  }

  int get(int offset) {
    return (int) INT.getAcquire(NativeMemory.ALL, address + offset);
  }

  void set(int offset, int value) {
    // Release: what was prepared in memory comes before the register that lets it be used.
    INT.setRelease(NativeMemory.ALL, address + offset, value);
  }

  void setLong(int offset, long value) {
    set(offset, (int) value);
    set(offset + 4, (int) (value >>> 32));
  }

  /** Tells whether the device has been removed. */
  boolean isGone() {
    return get(STATUS) == GONE;
  }

  boolean isAllOnes() {
    return capabilities == -1;
  }

  /** The most entries of a queue (CAP.MQES, which counts from 0). */
  int queueEntriesMax() {
    return (int) (capabilities & 0xffff) + 1;
  }

  /**
   * How long enabling and disabling may take, in units of 500 ms (CAP.TO, and where the controller
   * has it, CRTO.CRWMT: the time until it is ready with its media).
   */
  long readyNanosMax() {
    long units = Math.max(1, capabilities >>> 24 & 0xff);
    boolean hasReadyTimeouts = (capabilities >>> 59 & 3) != 0; // CAP.CRMS
    long withMedia = hasReadyTimeouts ? get(READY_TIMEOUTS) & 0xffff : 0;
    return Math.max(units, withMedia) * 500_000_000L;
  }

  /** Bytes from one doorbell to the next (CAP.DSTRD). */
  int doorbellStride() {
    return 4 << (capabilities >>> 32 & 0xf);
  }

  /** The smallest memory page as a power of two (CAP.MPSMIN, from 4 KiB). */
  int pageShiftMin() {
    return 12 + (int) (capabilities >>> 48 & 0xf);
  }

  boolean hasNvmCommandSet() {
    return (capabilities >>> 37 & 1) != 0 || hasAllCommandSets();
  }

  boolean hasAllCommandSets() {
    return (capabilities >>> 43 & 1) != 0;
  }

  long submissionDoorbell(int queueId) {
    return address + DOORBELLS + 2L * queueId * doorbellStride();
  }

  long completionDoorbell(int queueId) {
    return address + DOORBELLS + (2L * queueId + 1) * doorbellStride();
  }
}
