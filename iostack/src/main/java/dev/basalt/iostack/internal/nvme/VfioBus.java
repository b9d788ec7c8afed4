// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

import dev.basalt.linux.MappedRegion;
import dev.basalt.linux.VfioDevice;
import dev.basalt.linux.VirtualMemory;
import dev.basalt.linux.VirtualMemory.Advice;
import java.io.IOException;

/**
 * Reaches a controller through VFIO. Memory comes from huge pages where enough are free and can be
 * mapped, as one translation of the IOMMU then covers more of it; else from ordinary pages, which
 * the mapping locks.
 *
 * <p><b>Ownership.</b> Owns the device.
 *
 * <p><b>Concurrency.</b> Any thread.
 */
final class VfioBus implements NvmeBus {
  private static final System.Logger LOG = System.getLogger(VfioBus.class.getName());
  private static final long HUGE_BYTES_MIN = 1 << 20;

  private final VfioDevice device;

  VfioBus(VfioDevice device) {
    this.device = device;
  }

  @Override
  public long registers() {
    return device.registers();
  }

  @Override
  public long registersBytes() {
    return device.registersBytes();
  }

  @Override
  public DmaMemory allocate(long sizeBytes) throws IOException {
    MappedRegion huge =
        sizeBytes < HUGE_BYTES_MIN ? null : VirtualMemory.tryAllocateHuge(sizeBytes);
    if (huge != null) {
      try {
        return map(huge);
      } catch (IOException e) {
        LOG.log(
            System.Logger.Level.DEBUG, "huge pages cannot be mapped; ordinary ones are tried", e);
      }
    }
    return map(VirtualMemory.reserve(sizeBytes));
  }

  /** Takes the region over, also when this fails. */
  private DmaMemory map(MappedRegion region) throws IOException {
    long mappedBytes = region.sizeBytes();
    boolean isMapped = false;
    try {
      VirtualMemory.advise(region.address(), mappedBytes, Advice.DONTFORK);
      long iova = device.map(region.address(), mappedBytes);
      isMapped = true;
      return new DmaMemory(
          region.address(),
          iova,
          mappedBytes,
          () -> {
            device.unmap(iova, mappedBytes); // first: until then the device can reach it
            region.close();
          });
    } finally {
      if (!isMapped) {
        region.close();
      }
    }
  }

  @Override
  public void isolate() throws IOException {
    device.setBusMaster(false);
  }

  @Override
  public int interruptCount() throws IOException {
    return device.interruptCount();
  }

  @Override
  public void setInterrupts(int[] eventFds) throws IOException {
    device.setInterrupts(eventFds);
  }

  @Override
  public void close() {
    device.close();
  }

  @Override
  public String toString() {
    return device.toString();
  }
}
