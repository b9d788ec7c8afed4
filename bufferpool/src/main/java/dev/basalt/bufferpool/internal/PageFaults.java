// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import java.io.IOException;

/**
 * Brings pages into memory on behalf of callers: one miss, one read.
 *
 * <p>The thread whose compare-and-set turns evicted into exclusive reads the page; all others that
 * want it wait for its latch, as for any other. The latch is held over the read; nobody could use
 * the page earlier, and the provider needs no latch that a caller holds.
 *
 * <p><b>Concurrency.</b> Any thread.
 */
public final class PageFaults implements AutoCloseable {
  private final PoolParts parts;
  private final FrameSource frameSource;
  private final PageVerifier.Pool verifiers;

  /**
   * Creates the fault path of a pool.
   *
   * @param parts the pool's parts
   * @param provider woken when frames are low
   */
  public PageFaults(PoolParts parts, PageProvider provider) {
    this.parts = parts;
    frameSource = new FrameSource(parts, provider);
    verifiers = new PageVerifier.Pool(parts.region().pageBytes(), parts.region().pageTag());
  }

  /**
   * Reads a page that was seen evicted.
   *
   * @param pageId the page
   * @return true when the caller has read it and holds its exclusive latch; false when another
   *     thread was first, and the caller is to look again
   * @throws IOException when the read failed, the page is damaged, or the pool has failed; the page
   *     is evicted again then
   */
  public boolean tryFaultIn(long pageId) throws IOException {
    parts.failure().check();
    long word = parts.states().word(pageId);
    if (PageStates.state(word) != PageStates.EVICTED) {
      return false;
    }
    if (PageStates.isWriting(word)) {
      parts.latches().awaitReadable(pageId);
      return false;
    }
    if (!parts.states().tryFaultIn(pageId, word)) {
      return false;
    }
    parts.counters().misses.increment();
    admit(pageId);
    read(pageId);
    return true;
  }

  /**
   * Latches exclusively a page that was seen evicted, without reading it. An older content may
   * still be on its way to the device; the new one is not written before that has arrived.
   *
   * @param pageId the page
   * @return false when another thread was first, and the caller is to look again
   * @throws IOException when the pool has failed
   */
  public boolean tryCreate(long pageId) throws IOException {
    parts.failure().check();
    long word = parts.states().word(pageId);
    if (PageStates.state(word) != PageStates.EVICTED || !parts.states().tryFaultIn(pageId, word)) {
      return false;
    }
    admit(pageId);
    return true;
  }

  /** Ends its use, when no thread is inside. */
  @Override
  public void close() {
    frameSource.close();
  }

  /** Gets a frame for a page that the caller has latched; on failure the page is evicted again. */
  private void admit(long pageId) throws IOException {
    int frame = FrameReserve.NONE;
    try {
      frame = frameSource.take(pageId);
    } finally {
      if (frame == FrameReserve.NONE) {
        parts.latches().evicted(pageId);
      }
    }
    parts.region().frame(pageId, frame);
  }

  private void read(long pageId) throws IOException {
    PageRegion region = parts.region();
    boolean whole = false;
    try {
      parts.counters().pagesRead.increment();
      parts.io().read(region.lba(pageId), region.blocksPerPage(), region.address(pageId));
      verifiers.verify(pageId, region.address(pageId), parts.gate().durableLsn());
      whole = true;
    } finally {
      if (!whole) {
        parts.abandon(pageId);
      }
    }
  }
}
