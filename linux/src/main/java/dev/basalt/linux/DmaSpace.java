// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux;

import java.util.List;

/**
 * A device taken from VFIO together with what translates its memory accesses: the container of an
 * IOMMU group ({@link VfioGroup}), or an address space of iommufd ({@link IommuFd}).
 *
 * <p><b>Ownership.</b> Owns the descriptors but that of the device.
 *
 * <p><b>Concurrency.</b> Opened and closed by one thread; requests by any.
 */
interface DmaSpace extends AutoCloseable {
  /**
   * Opens the device; once, and the caller closes the descriptor before this.
   *
   * @throws ErrnoException when the kernel refuses
   */
  int openDevice() throws ErrnoException;

  /** Returns the ranges of addresses that can be mapped. */
  List<IovaSpace.Range> iovaRanges();

  /** Maps memory at an address of the device; returns 0 or above, or the negated errno. */
  long map(long iova, long memoryAddress, long sizeBytes);

  /** Ends a mapping; returns the bytes it had, or the negated errno. */
  long unmap(long iova, long sizeBytes);

  /** Ends all mappings. */
  @Override
  void close();
}
