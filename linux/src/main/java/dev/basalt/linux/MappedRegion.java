// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

/**
 * A range of anonymous private virtual memory, made by {@link VirtualMemory#reserve}.
 *
 * <p><b>Ownership.</b> Whoever reserved it closes it, once, after the last thread and device has
 * stopped using its addresses: an access afterwards ends the process.
 */
public final class MappedRegion implements AutoCloseable {
  private final long address;
  private final long sizeBytes;
  private final long mappedBytes;
  private boolean closed;

  MappedRegion(long address, long sizeBytes, long mappedBytes) {
    this.address = address;
    this.sizeBytes = sizeBytes;
    this.mappedBytes = mappedBytes;
  }

  /**
   * Returns where the region begins.
   *
   * @return absolute address, aligned to 2 MiB
   */
  public long address() {
    return address;
  }

  /**
   * Returns how large the region is, without its guard tail.
   *
   * @return bytes
   */
  public long sizeBytes() {
    return sizeBytes;
  }

  /** Unmaps the region. Idempotent. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      VirtualMemory.unmap(address, mappedBytes);
    }
  }
}
