// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool;

import dev.basalt.bufferpool.internal.PageFaults;
import dev.basalt.bufferpool.internal.PageLatches;
import dev.basalt.bufferpool.internal.PageMemory;
import dev.basalt.bufferpool.internal.PageProvider;
import dev.basalt.bufferpool.internal.PageRegion;
import dev.basalt.bufferpool.internal.PageStates;
import dev.basalt.bufferpool.internal.PoolCounters;
import dev.basalt.bufferpool.internal.PoolParts;
import dev.basalt.bufferpool.internal.ResidentSet;
import dev.basalt.bufferpool.internal.WriteBackAgent;
import dev.basalt.iostack.Capabilities;
import dev.basalt.iostack.IoStack;
import dev.basalt.iostack.QueuePair;
import dev.basalt.iostack.agent.Execution;
import java.io.IOException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Pages of a device in memory, after vmcache: a state word per page says whether it is there and
 * who may touch it. Unlike there, memory stays mapped, and a number per page says where it is.
 *
 * <p>Three ways to use a page:
 *
 * <ul>
 *   <li><b>Optimistic.</b> {@link #optimistic} returns a token; read, treating every value as
 *       garbage; {@link #validate}; act on what was read only if that is true. Writes nothing
 *       shared, needs no end. {@link #tryUpgrade} turns it into an exclusive latch.
 *   <li><b>Shared.</b> {@link #latchShared} to {@link #unlatchShared}: nobody changes the page.
 *   <li><b>Exclusive.</b> {@link #latchExclusive} or {@link #create} to {@link #unlatchExclusive}
 *       or {@link #discard}: the holder may change it. It sets the page's LSN ({@link PageHeader});
 *       the page is not written before the log is durable through that.
 * </ul>
 *
 * <p>Each of the three faults the page in where need be, with one read however many threads want
 * it. A latched page stays in memory.
 *
 * <p><b>Concurrency.</b> All methods may be called by any thread, virtual ones too; waits go
 * through the {@link Execution}. Latches are not reentrant and have no owner: a thread that latches
 * a page twice waits for itself. Threads that hold several latches agree on an order (the layers
 * above do); the pool adds no order of its own, because neither the agents nor a faulting thread
 * wait for a latch while they free a frame. A thread may fault pages in while it holds up to {@link
 * #LATCHES_PER_THREAD_MAX} latches; the latches of all threads together must leave some frames
 * unlatched, else faults wait.
 *
 * <p>After {@link #close} every method throws {@link IllegalStateException}; the caller ensures
 * that no other thread is inside the pool or reads pages by then.
 */
public final class BufferPool implements AutoCloseable {
  /** What {@link #tryOptimistic} returns for a page that is not to be had. No token is 0. */
  public static final long NOT_RESIDENT = 0;

  /** What {@link #pollCooling} returns when there is no page. */
  public static final long NO_PAGE = ResidentSet.NONE;

  /** How many latches a thread may hold at a time. */
  public static final int LATCHES_PER_THREAD_MAX = 16;

  /** Each of the two agents that write has a thirty-second of the pool for copies on their way. */
  private static final int STAGING_SHARE = 32;

  private static final int STAGING_MIN = 8;
  private static final int STAGING_MAX = 256;

  private final PageRegion region;
  private final PageStates states;
  private final PageLatches latches;
  private final PageFaults faults;
  private final PoolParts parts;
  private final PageProvider provider;
  private final WriteBackAgent writeBack;
  private final PoolWarmUp warmUp;
  private final PassingReads passing;
  private final Execution execution;
  private final boolean interleaves;

  /**
   * Page ids below it are good; 0 once closed, so that a late call does not reach unmapped memory.
   */
  private long pageIdLimit;

  private BufferPool(
      BufferPoolConfig config,
      PoolParts parts,
      PageProvider startedProvider,
      WriteBackAgent startedWriteBack) {
    this.parts = parts;
    region = parts.region();
    states = parts.states();
    latches = parts.latches();
    execution = parts.execution();
    interleaves = !execution.equals(Execution.threads());
    provider = startedProvider;
    writeBack = startedWriteBack;
    faults = new PageFaults(parts, provider);
    passing = new PassingReads(this, parts, faults);
    warmUp = new PoolWarmUp(parts, provider, config.pageCountMax());
    pageIdLimit = config.pageCountMax();
  }

  /**
   * Opens a pool with no page in memory and starts its agents.
   *
   * @param config size and place
   * @param io the device; stays the caller's, who closes it after the pool
   * @param gate the log, for the WAL rule
   * @param execution the seam for waits and agents
   * @return the pool, to be closed by the caller
   * @throws IOException when address space or a queue pair cannot be had
   */
  public static BufferPool open(
      BufferPoolConfig config, IoStack io, LogGate gate, Execution execution) throws IOException {
    Capabilities capabilities = io.device().capabilities();
    int poolPages = (int) (config.poolBytes() / config.pageBytes());
    int stagingPages = Math.clamp(poolPages / STAGING_SHARE, STAGING_MIN, STAGING_MAX);
    int depthMax = capabilities.queueDepthMax();
    int frameCount = poolPages - 2 * stagingPages;
    PageRegion region = PageRegion.reserve(config, frameCount, capabilities.blockBytes());
    QueuePair provided = null;
    QueuePair written = null;
    PageProvider startedProvider = null;
    BufferPool pool = null;
    try {
      provided = io.openQueuePair(PageProvider.queueDepth(depthMax));
      written = io.openQueuePair(WriteBackAgent.queueDepth(depthMax));
      PoolParts parts = PoolParts.of(region, frameCount, io, gate, execution);
      startedProvider = PageProvider.start(parts, provided, stagingPages);
      WriteBackAgent startedWriteBack = WriteBackAgent.start(parts, written, stagingPages);
      pool = new BufferPool(config, parts, startedProvider, startedWriteBack);
      return pool;
    } finally {
      if (pool == null) {
        if (startedProvider != null) {
          startedProvider.close(); // its thread uses the memory; closes its queue pair as well
        }
        close(provided);
        close(written);
        region.close();
      }
    }
  }

  private static void close(@Nullable QueuePair queuePair) {
    if (queuePair != null) {
      queuePair.close();
    }
  }

  /**
   * Returns where a page is in memory. Reading there is allowed at any time for page ids in range,
   * and means something only under a latch or when validated afterwards.
   *
   * @param pageId the page
   * @return its absolute address, aligned to the page size
   */
  public long address(long pageId) {
    assert pageId >= 0 && pageId < pageIdLimit;
    return region.address(pageId);
  }

  /**
   * Begins an optimistic read. Waits while the page is latched exclusively.
   *
   * @param pageId the page
   * @return a token for {@link #validate} and {@link #tryUpgrade}
   * @throws IOException when the page cannot be read or is damaged. A reader that came by the page
   *     id optimistically validates where that came from before it believes this: the page may have
   *     been freed meanwhile, and never been written
   */
  public long optimistic(long pageId) throws IOException {
    checkPageId(pageId);
    if (interleaves) {
      execution.interleave();
    }
    long word = states.word(pageId);
    return PageStates.state(word) >= PageStates.UNLOCKED ? word : optimisticSlowly(pageId);
  }

  private long optimisticSlowly(long pageId) throws IOException {
    while (true) {
      long word = latches.optimistic(pageId);
      if (PageStates.state(word) >= PageStates.UNLOCKED) {
        return word;
      }
      if (faults.tryFaultIn(pageId)) {
        latches.unlatchExclusive(pageId, false);
      }
    }
  }

  /**
   * Returns how those use pages who read many of them once.
   *
   * @return the same for the pool's life
   */
  public PassingReads passing() {
    return passing;
  }

  /**
   * Returns how many pages can be in memory.
   *
   * @return the frames
   */
  public int frameCount() {
    return parts.frames().frameCount();
  }

  /**
   * Sets the type of pages, as in their header, that are evicted only when no others can be. To be
   * called before there are such pages.
   *
   * @param pageType 0 to 255; none when never called
   */
  public void evictLast(int pageType) {
    parts.order().leavesLast(pageType);
  }

  /**
   * Tells whether a page is in memory, or on its way there. A hint.
   *
   * @param pageId the page
   * @return false when using it would mean a read
   */
  public boolean isResident(long pageId) {
    checkPageId(pageId);
    return PageStates.state(states.word(pageId)) != PageStates.EVICTED;
  }

  /**
   * Begins an optimistic read of a page that is in memory. Never waits, and is no use of the page:
   * one that is to be evicted still is.
   *
   * @param pageId the page
   * @return a token for {@link #validate} and {@link #tryUpgrade}, or {@link #NOT_RESIDENT} when
   *     the page is not in memory or latched exclusively
   */
  public long tryOptimistic(long pageId) {
    checkPageId(pageId);
    if (interleaves) {
      execution.interleave();
    }
    long word = states.word(pageId);
    return PageStates.state(word) >= PageStates.MARKED ? word : NOT_RESIDENT;
  }

  /**
   * Tells whether a page differed from the device's when an optimistic read began.
   *
   * @param token what {@link #tryOptimistic} or {@link #optimistic} returned
   * @return true when it was changed since it was last written
   */
  public static boolean isDirty(long token) {
    return PageStates.isDirty(token);
  }

  /**
   * Sets who is told that pages were marked for eviction, and may be polled. At most one, before
   * the pool is used by others.
   *
   * @param wake called by the page provider's thread; must not wait
   */
  public void whenCooling(Runnable wake) {
    parts.cooling().listen(wake);
  }

  /**
   * Takes a page that was marked for eviction a short time ago. A hint: some are lost, others are
   * used again or gone. For one thread.
   *
   * @return the oldest one, or {@link #NO_PAGE}
   */
  public long pollCooling() {
    return parts.cooling().poll();
  }

  /**
   * Tells whether {@link #pollCooling} would find a page. For the same thread.
   *
   * @return true when there are some
   */
  public boolean hasCooling() {
    return parts.cooling().hasPages();
  }

  /**
   * Ends an optimistic read.
   *
   * @param pageId the page
   * @param token what {@link #optimistic} returned
   * @return true when everything read since then is one consistent content
   */
  public boolean validate(long pageId, long token) {
    if (interleaves) {
      execution.interleave();
    }
    return states.validate(pageId, token);
  }

  /**
   * Tells whether a page is latched exclusively at the moment. A hint.
   *
   * @param pageId the page
   * @return true while somebody changes it, or brings it into memory
   */
  public boolean isLatchedExclusive(long pageId) {
    checkPageId(pageId);
    return PageStates.state(states.word(pageId)) == PageStates.EXCLUSIVE;
  }

  /**
   * Tells why {@link #validate} or {@link #tryUpgrade} has failed. A hint.
   *
   * @param pageId the page
   * @param token what {@link #optimistic} returned
   * @return true when another has changed the page or is about to; false when it was evicted or is
   *     being written
   */
  public boolean isChanged(long pageId, long token) {
    checkPageId(pageId);
    long word = states.word(pageId);
    return PageStates.state(word) == PageStates.EXCLUSIVE
        || PageStates.state(word) != PageStates.EVICTED
            && PageStates.version(word) != PageStates.version(token);
  }

  /**
   * Latches a page shared. Waits while it is latched exclusively.
   *
   * @param pageId the page
   * @throws IOException when the page cannot be read or is damaged
   */
  public void latchShared(long pageId) throws IOException {
    checkPageId(pageId);
    while (!latches.latchShared(pageId)) {
      if (faults.tryFaultIn(pageId)) {
        latches.downgrade(pageId);
        return;
      }
    }
  }

  /**
   * Ends a shared latch.
   *
   * @param pageId the page, latched shared by the caller
   */
  public void unlatchShared(long pageId) {
    latches.unlatchShared(pageId);
  }

  /**
   * Latches a page exclusively. Waits while it is latched otherwise.
   *
   * @param pageId the page
   * @throws IOException when the page cannot be read or is damaged, or the pool has failed
   */
  public void latchExclusive(long pageId) throws IOException {
    checkPageId(pageId);
    parts.failure().check();
    while (!latches.latchExclusive(pageId)) {
      if (faults.tryFaultIn(pageId)) {
        return;
      }
    }
  }

  /**
   * Turns an optimistic read into an exclusive latch, if nothing has changed since it began. Never
   * waits.
   *
   * @param pageId the page
   * @param token what {@link #optimistic} returned
   * @return false when the content has changed, or the page is latched by another or evicted; the
   *     reader starts again then
   */
  public boolean tryUpgrade(long pageId, long token) {
    return latches.tryUpgrade(pageId, token);
  }

  /**
   * Ends an exclusive latch.
   *
   * @param pageId the page, latched exclusively by the caller
   * @param changed whether the caller has changed the page, which makes it dirty
   */
  public void unlatchExclusive(long pageId, boolean changed) {
    latches.unlatchExclusive(pageId, changed);
  }

  /**
   * Latches exclusively a page that was free: all zeroes but for its page id, whatever memory or
   * the device held. Nothing is read.
   *
   * @param pageId the page, which nobody else uses; stale optimistic readers excepted
   * @throws IOException when the pool has failed
   */
  public void create(long pageId) throws IOException {
    checkPageId(pageId);
    parts.failure().check();
    boolean isResident = latches.latchExclusive(pageId);
    while (!isResident && !faults.tryCreate(pageId)) {
      isResident = latches.latchExclusive(pageId);
    }
    PageMemory.zero(region.address(pageId), region.pageBytes());
    PageHeader.pageId(region.address(pageId), pageId);
  }

  /**
   * Ends an exclusive latch of a page that was freed: its content is not written, its frame is
   * free.
   *
   * @param pageId the page, latched exclusively by the caller
   */
  public void discard(long pageId) {
    parts.abandon(pageId);
  }

  /**
   * Asks for pages to be read ahead. Returns at once; best effort.
   *
   * @param pageIds the pages; order and duplicates do not matter
   * @param count how many of them
   * @return how many of them are to be read; the others are in memory, or too many are asked for
   */
  public int prefetch(long[] pageIds, int count) {
    int requested = 0;
    for (int i = 0; i < count; i++) {
      if (!isResident(pageIds[i]) && provider.prefetch(pageIds[i])) {
        requested++;
      }
    }
    if (requested > 0) {
      provider.wake();
    }
    return requested;
  }

  /**
   * Returns how many pages a scan should ask for at once.
   *
   * @return 2 or more: what the device takes at once, at most a quarter of the reserve of free
   *     frames
   */
  public int prefetchPagesMax() {
    return provider.prefetchPagesMax();
  }

  /**
   * Tells whether {@link #beginReads} is worth while.
   *
   * @return false where a miss waits for nothing, as with a device in memory
   */
  public boolean missesMayWait() {
    return parts.io().readsMayWait();
  }

  /**
   * Has pages read with as few commands as can be, and returns when these are under way: who uses a
   * page then waits for its latch. Best effort: a page that is not in memory afterwards is to be
   * had by using it. The caller holds no latch.
   *
   * @param pageIds the pages; duplicates do not matter, neighbours come together when in order
   * @param count how many of them
   * @throws IOException when the pool has failed
   */
  public void beginReads(long[] pageIds, int count) throws IOException {
    int most = provider.prefetchPagesMax();
    int from = 0;
    while (from < count) {
      parts.failure().check();
      int limit = Math.min(count, from + most);
      while (from < limit && (isResident(pageIds[from]) || provider.prefetch(pageIds[from]))) {
        from++;
      }
      provider.wake();
      provider.awaitReadsBegun();
    }
  }

  /**
   * Returns what tells which pages are in memory, and brings them there again after a restart.
   *
   * @return the same for the pool's life
   */
  public PoolWarmUp warmUp() {
    return warmUp;
  }

  /**
   * Writes pages, if dirty, and waits until the device has them. Does not flush.
   *
   * <p>The caller holds no latch on any of them, nor one that a holder of such a latch may want.
   *
   * @param pageIds the pages
   * @param count how many of them
   * @throws IOException when the pool has failed
   */
  public void writeBack(long[] pageIds, int count) throws IOException {
    for (int i = 0; i < count; i++) {
      checkPageId(pageIds[i]);
    }
    writeBack.write(pageIds, count);
  }

  /**
   * Writes every page that is dirty at the call, and waits until the device has them, writes in
   * flight included. Pages changed meanwhile may be written with or without that change. Does not
   * flush. The caller holds no latch.
   *
   * @throws IOException when the pool has failed
   */
  public void writeBackAll() throws IOException {
    checkPageId(0);
    writeBack.writeAll();
  }

  /**
   * Returns what the pool is and has done.
   *
   * @return a snapshot
   */
  public BufferPoolStatistics statistics() {
    checkPageId(0);
    PoolCounters counters = parts.counters();
    return new BufferPoolStatistics(
        parts.frames().frameCount(),
        parts.frames().taken(),
        parts.dirtyEstimate(),
        counters.misses.sum(),
        counters.pagesRead.sum(),
        counters.pagesPrefetched.sum(),
        counters.prefetchCommands.sum(),
        counters.pagesWritten.sum(),
        counters.writeCommands.sum(),
        counters.pagesDropped.sum(),
        counters.stalls.sum(),
        counters.latchWaits.sum(),
        region.hugeBytes());
  }

  /**
   * Sets who is told when the pool has failed, or is closed.
   *
   * @param listener called with the first cause by whoever found it, perhaps more than once; must
   *     not wait
   */
  public void whenFailed(Consumer<Throwable> listener) {
    parts.failure().whenFailed(listener);
  }

  /** Closes the pool. Dirty pages are not written. Idempotent. */
  @Override
  public void close() {
    if (pageIdLimit != 0) {
      pageIdLimit = 0;
      writeBack.close();
      provider.close();
      faults.close();
      region.close();
    }
  }

  void checkPageId(long pageId) {
    if (pageId < 0 || pageId >= pageIdLimit) {
      throw badPageId(pageId);
    }
  }

  private RuntimeException badPageId(long pageId) {
    return pageIdLimit == 0
        ? new IllegalStateException("the buffer pool is closed")
        : new IllegalArgumentException("page id is " + pageId + ", limit " + pageIdLimit);
  }
}
