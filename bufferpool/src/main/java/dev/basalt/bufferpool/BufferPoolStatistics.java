// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool;

/**
 * What a pool is and has done since it was opened. Counts are taken one after the other while work
 * goes on.
 *
 * @param frameCount the most pages in memory
 * @param residentCount pages in memory, at most {@code frameCount}
 * @param dirtyCountEstimate pages that differ from the device, extrapolated from a sample
 * @param misses pages faulted in by a caller
 * @param pagesRead pages read from the device, by callers and by prefetch
 * @param pagesPrefetched of these, the pages that prefetch brought in
 * @param prefetchCommands the commands that took
 * @param pagesWritten pages written to the device
 * @param writeCommands the commands that took
 * @param pagesDropped pages evicted in batches
 * @param stalls misses that found no free frame
 * @param latchWaits waits for a latch, or for a page that another thread was reading
 * @param hugeBytes how much of the frames the kernel may back by huge pages; 0 where there are none
 */
public record BufferPoolStatistics(
    int frameCount,
    int residentCount,
    long dirtyCountEstimate,
    long misses,
    long pagesRead,
    long pagesPrefetched,
    long prefetchCommands,
    long pagesWritten,
    long writeCommands,
    long pagesDropped,
    long stalls,
    long latchWaits,
    long hugeBytes) {

  /**
   * Returns how many of the accesses to pages found the page in memory. The pool does not count
   * accesses: that would cost as much as an optimistic read itself. The layer above knows how many
   * pages its operations visit.
   *
   * @param accesses pages visited since the pool was opened
   * @return accesses less misses, 0 or more
   */
  public long hits(long accesses) {
    return Math.max(0, accesses - misses);
  }

  /**
   * Returns how well neighbours were merged.
   *
   * @return pages per write command, 0 before the first
   */
  public double pagesPerWriteCommand() {
    return writeCommands == 0 ? 0 : (double) pagesWritten / writeCommands;
  }

  /**
   * Returns how well neighbours were read ahead together.
   *
   * @return pages per command, 0 before the first
   */
  public double pagesPerPrefetchCommand() {
    return prefetchCommands == 0 ? 0 : (double) pagesPrefetched / prefetchCommands;
  }
}
