// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import dev.basalt.iostack.CompletionSink;
import dev.basalt.iostack.QueuePair;
import dev.basalt.iostack.agent.Agent;
import dev.basalt.iostack.agent.AgentHandle;
import dev.basalt.iostack.agent.Execution;
import org.jspecify.annotations.Nullable;

/**
 * Keeps frames free, so that a miss need not evict: woken below half of the reserve, it takes what
 * scans have left behind, and where that is too little moves the clock hand until the reserve is
 * whole, clean pages first. Where those do not suffice, marked dirty pages are written, sorted by
 * page id, and evicted as their writes complete unless somebody used them meanwhile. Reads pages
 * ahead with the same queue pair.
 *
 * <p>A duty cycle never waits, for a latch or the log neither. When a whole round of the clock
 * finds nothing to do (all pages latched, ahead of the log or being written) the provider sleeps:
 * until a completion, until woken, or for a time that doubles, up to a limit.
 *
 * <p><b>Concurrency.</b> One agent. {@link #wake}, {@link #prefetch} and {@link #warm} may be
 * called by any thread: a thread takes a frame (volatile) and then wakes; the provider announces
 * its sleep and then reads the reserve.
 */
public final class PageProvider implements Agent, CompletionSink {
  private static final int QUEUE_DEPTH = 64;
  private static final int SWEEP_SLOTS = 512;
  private static final int DROP_BATCH_MAX = 256;
  private static final long GROUP_PAGES = 16;
  private static final long PREFETCH_TAGS = 1L << 32;
  private static final long BLOCKED_NANOS_MIN = 100_000;
  private static final long BLOCKED_NANOS_MAX = 10_000_000;

  /** The same while a caller waits for a frame. */
  private static final long AWAITED_NANOS_MAX = 1_000_000;

  private final PoolParts parts;
  private final QueuePair queuePair;
  private final PageWriter writer;
  private final Prefetcher prefetcher;
  private final Evictor evictor;
  private final PageIds dirty;
  private @Nullable AgentHandle handle;

  /** Between falling below half of the reserve and its being whole. Agent's thread only. */
  private boolean isEvicting;

  /** Slots visited since the last one that was worth it. Agent's thread only. */
  private int idleSlots;

  private boolean isBlocked;
  private long blockedNanos = BLOCKED_NANOS_MIN;

  private PageProvider(PoolParts parts, QueuePair queuePair, int stagingPages) {
    this.parts = parts;
    this.queuePair = queuePair;
    writer = new PageWriter(parts, queuePair, stagingPages, this::onWritten);
    prefetcher = new Prefetcher(parts, queuePair, PREFETCH_TAGS);
    evictor = new Evictor(parts, DROP_BATCH_MAX);
    dirty = new PageIds(stagingPages);
  }

  /**
   * Starts the agent.
   *
   * @param parts the pool's parts
   * @param queuePair its own queue pair, which the provider closes
   * @param stagingPages how many pages may be on their way to the device
   * @return the running provider
   */
  public static PageProvider start(PoolParts parts, QueuePair queuePair, int stagingPages) {
    PageProvider provider = new PageProvider(parts, queuePair, stagingPages);
    provider.handle = parts.execution().start("page-provider", provider);
    return provider;
  }

  /**
   * Returns how many commands a provider has in flight at most.
   *
   * @param depthMax the device's limit
   * @return the depth of the queue pair it needs
   */
  public static int queueDepth(int depthMax) {
    return Math.min(QUEUE_DEPTH, depthMax);
  }

  /** Wakes the provider if it sleeps. One volatile read otherwise. */
  public void wake() {
    AgentHandle running = handle;
    if (running != null) {
      running.wake();
    }
  }

  /**
   * Asks for a page to be read ahead; {@link #wake} is the caller's.
   *
   * @param pageId the page
   * @return false when too many are asked for already
   */
  public boolean prefetch(long pageId) {
    return prefetcher.tryRequest(pageId);
  }

  /** Waits until the pages asked for before the call are being read, or were passed over. */
  public void awaitReadsBegun() {
    prefetcher.awaitBegun();
  }

  /**
   * Returns how many pages are best asked for at once.
   *
   * @return 2 or more: what the device takes at once, at most a quarter of the reserve of free
   *     frames
   */
  public int prefetchPagesMax() {
    return prefetcher.batchPagesMax();
  }

  /**
   * Asks for a page to be read when there is nothing else to do; {@link #wake} is the caller's.
   *
   * @param pageId the page
   * @return false when too many are asked for already
   */
  public boolean warm(long pageId) {
    return prefetcher.tryWarm(pageId);
  }

  /** Ends the agent and waits for its commands. Idempotent. */
  public void close() {
    AgentHandle running = handle;
    if (running != null) {
      running.close();
    }
  }

  @Override
  public int doWork() {
    try {
      int done = queuePair.poll(this, queuePair.depth());
      if (!parts.failure().hasFailed()) {
        done += prefetcher.doWork();
        done += evict();
        writer.issue();
      }
      evictor.drop();
      queuePair.submit();
      parts.cooling().wake();
      return done;
    } catch (Throwable e) { // Whatever ends the provider must reach those who wait for frames.
      parts.fail(e);
      throw e;
    }
  }

  @Override
  public boolean hasWork() {
    if (parts.failure().hasFailed()) {
      return false;
    }
    return prefetcher.hasWork() || !isBlocked && (isEvicting || parts.frames().isLow());
  }

  @Override
  public void sleep(Execution execution, long nanos) {
    try {
      queuePair.sleep(isBlocked ? Math.min(nanos, blockedNanos) : nanos);
    } catch (Throwable e) { // As in doWork.
      parts.fail(e);
      throw e;
    }
    if (!isBlocked) {
      return;
    }
    isBlocked = false;
    idleSlots = 0;
    long most = parts.frames().hasWaiters() ? AWAITED_NANOS_MAX : BLOCKED_NANOS_MAX;
    blockedNanos = Math.min(2 * blockedNanos, most);
  }

  @Override
  public void wake(Execution execution, Thread thread) {
    queuePair.wake();
  }

  @Override
  public void onCompletion(long tag, int status) {
    if (tag >= PREFETCH_TAGS) {
      prefetcher.onCompletion(tag, status);
    } else {
      writer.onCompletion((int) tag, status);
    }
  }

  @Override
  public void onClose() {
    parts.fail(new IllegalStateException("the page provider has ended"));
    try {
      queuePair.close(); // first: until then the memory belongs to the device
    } finally {
      evictor.close();
      prefetcher.close();
      writer.close();
    }
  }

  private void onWritten(long pageId) {
    if (isEvicting) {
      evictor.tryTake(pageId);
    }
  }

  private int evict() {
    FrameReserve frames = parts.frames();
    boolean wasEvicting = isEvicting;
    isEvicting = isEvicting ? frames.missing() > 0 : frames.isLow();
    if (wasEvicting && !isEvicting) {
      frames.noteRefill();
    }
    if (!isEvicting) {
      dirty.clear();
    }
    if (!isEvicting || isBlocked) {
      return 0;
    }
    boolean awaitsDevice = dirty.isFull() && writer.isFull();
    int done = 0;
    if (!awaitsDevice) {
      done = evictor.takePassed(frames.missing(), dirty);
      if (done > 0 && evictor.drop() > 0 && !frames.isLow()) {
        isEvicting = false; // The scan lives on its own frames; the hand stands still meanwhile.
        return done;
      }
      done += evictor.sweep(SWEEP_SLOTS, frames.missing(), dirty);
    }
    evictor.drop(); // before the copying below: nobody waits for that
    if (writer.inFlight() < frames.missing()) {
      done += writeDirty();
    }
    noteProgress(done);
    return done;
  }

  private void noteProgress(int done) {
    if (done > 0) {
      idleSlots = 0;
      blockedNanos = BLOCKED_NANOS_MIN;
      return;
    }
    idleSlots += SWEEP_SLOTS;
    isBlocked = idleSlots > parts.resident().slotCount() || dirty.isFull() && writer.isFull();
  }

  /** Stages the collected dirty pages in the order of their ids; keeps those ahead of the log. */
  private int writeDirty() {
    dirty.sort();
    int before = writer.inFlight();
    int kept = 0;
    int index = 0;
    for (; index < dirty.count(); index++) {
      PageWriter.Outcome outcome = stageWithNeighbours(dirty.get(index));
      if (outcome == PageWriter.Outcome.FULL) {
        break;
      }
      if (outcome == PageWriter.Outcome.AHEAD_OF_LOG) {
        dirty.keep(kept++, index);
      }
    }
    dirty.removeBetween(kept, index);
    return writer.inFlight() - before;
  }

  /**
   * Stages a page and those of its aligned group that are marked and dirty too: they leave soon,
   * and the hand meets pages in no order, so that neighbours rarely come together by themselves.
   */
  private PageWriter.Outcome stageWithNeighbours(long pageId) {
    PageWriter.Outcome outcome = PageWriter.Outcome.CLEAN;
    long first = pageId & -GROUP_PAGES;
    long last = Math.min(first + GROUP_PAGES, parts.region().pageCount()) - 1;
    for (long id = first; id <= last; id++) {
      if (id == pageId) {
        outcome = writer.tryStage(id);
      } else if (isVictim(id)) {
        writer.tryStage(id);
      }
    }
    return outcome;
  }

  private boolean isVictim(long pageId) {
    long word = parts.states().word(pageId);
    return PageStates.state(word) == PageStates.MARKED
        && PageStates.isDirty(word)
        && !PageStates.isWriting(word);
  }
}
