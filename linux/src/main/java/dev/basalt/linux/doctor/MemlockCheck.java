// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.doctor;

import dev.basalt.linux.Memlock;

/** Whether this process may lock enough memory. */
record MemlockCheck() implements Check {
  private static final String NAME = "locked memory";
  private static final int CAP_IPC_LOCK = 14;

  /** What registered buffers take at depth 128. */
  private static final long RING_BYTES = 8L << 20;

  private static final long DMA_BYTES = 64L << 20;

  @Override
  public Finding of(HostFacts facts) {
    long limit = facts.system().memlockBytes();
    String found = limit == Memlock.UNLIMITED ? "unlimited" : "limited to " + limit / 1024 + " KiB";
    if (facts.hasCapability(CAP_IPC_LOCK)) {
      return Finding.ok(NAME, found + ", which CAP_IPC_LOCK lifts");
    }
    boolean forDevices = facts.mayUseUserSpace();
    long needed = forDevices ? DMA_BYTES : RING_BYTES;
    return limit == Memlock.UNLIMITED || limit >= needed
        ? Finding.ok(NAME, found)
        : Finding.advice(
            NAME,
            found,
            needed / 1024 + " KiB for " + (forDevices ? "vfio:" : "io_uring:...?fixed=true"),
            "ulimit -l " + needed / 1024 + " (LimitMEMLOCK= in a systemd unit)");
  }
}
