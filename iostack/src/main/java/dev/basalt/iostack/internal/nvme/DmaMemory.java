// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal.nvme;

/**
 * Memory that a controller can reach: pinned, in one piece for the process and for the controller.
 *
 * <p><b>Ownership.</b> Whoever allocated it closes it, after the last command that uses it has
 * ended.
 *
 * <p><b>Concurrency.</b> Any thread; close once.
 */
public final class DmaMemory implements AutoCloseable {
  private final long address;
  private final long iova;
  private final long sizeBytes;
  private final Runnable release;

  /**
   * Describes memory.
   *
   * @param address where the process sees it, aligned to 4 KiB
   * @param iova where the controller sees it, aligned to 4 KiB
   * @param sizeBytes its size
   * @param release gives it back
   */
  public DmaMemory(long address, long iova, long sizeBytes, Runnable release) {
    this.address = address;
    this.iova = iova;
    this.sizeBytes = sizeBytes;
    this.release = release;
  }

  /**
   * Returns where the process sees it.
   *
   * @return absolute address
   */
  public long address() {
    return address;
  }

  /**
   * Returns how large it is.
   *
   * @return bytes
   */
  public long sizeBytes() {
    return sizeBytes;
  }

  /**
   * Tells whether a range is within this memory.
   *
   * @param from absolute address
   * @param lengthBytes its length
   * @return whether all of it is
   */
  public boolean contains(long from, long lengthBytes) {
    return from >= address && lengthBytes <= sizeBytes && from - address <= sizeBytes - lengthBytes;
  }

  /**
   * Translates an address of this memory.
   *
   * @param from absolute address within it
   * @return where the controller sees it
   */
  public long iova(long from) {
    assert contains(from, 0) : "0x%x is not DMA memory".formatted(from);
    return from - address + iova;
  }

  /** Takes it from the controller and frees it. */
  @Override
  public void close() {
    release.run();
  }
}
