// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool;

import dev.basalt.bufferpool.internal.PageFaults;
import dev.basalt.bufferpool.internal.PageLatches;
import dev.basalt.bufferpool.internal.PageStates;
import dev.basalt.bufferpool.internal.PoolParts;
import dev.basalt.iostack.agent.Execution;
import java.io.IOException;

/**
 * How those use pages who read many of them once, as a long scan: what such a reader brings in is
 * evicted first, unless somebody else uses it meanwhile, and none gets a second chance from it.
 *
 * <p><b>Concurrency.</b> As for {@link BufferPool}.
 */
public final class PassingReads {
  private static final int AFTER_SHARE = 32;
  private static final int AFTER_MIN = 4;
  private static final int AFTER_MAX = 64;

  private final BufferPool pool;
  private final PoolParts parts;
  private final PageStates states;
  private final PageLatches latches;
  private final PageFaults faults;
  private final Execution execution;

  PassingReads(BufferPool pool, PoolParts parts, PageFaults faults) {
    this.pool = pool;
    this.parts = parts;
    this.faults = faults;
    states = parts.states();
    latches = parts.latches();
    execution = parts.execution();
  }

  /**
   * Returns after how many pages a reader should be one of these: a small part of the pool, and
   * more than a short scan visits.
   *
   * @return pages, 1 or more
   */
  public int afterPages() {
    return Math.clamp(parts.frames().frameCount() / AFTER_SHARE, AFTER_MIN, AFTER_MAX);
  }

  /**
   * Begins an optimistic read. To be followed by {@link #passed}.
   *
   * @param pageId the page
   * @return a token for {@link BufferPool#validate} and {@link BufferPool#tryUpgrade}
   * @throws IOException as for {@link BufferPool#optimistic}
   */
  public long optimistic(long pageId) throws IOException {
    pool.checkPageId(pageId);
    execution.interleave();
    while (true) {
      long word = latches.optimisticPassing(pageId);
      if (PageStates.state(word) >= PageStates.MARKED) {
        return word;
      }
      if (faults.tryFaultIn(pageId)) {
        latches.unlatchMarking(pageId);
      }
    }
  }

  /**
   * Says that the reader has done with a page that it began with {@link #optimistic}: when nobody
   * else has used it, it is evicted before all others.
   *
   * @param pageId the page
   */
  public void passed(long pageId) {
    if (PageStates.state(states.word(pageId)) == PageStates.MARKED) {
      parts.cooling().offer(pageId);
      parts.order().passed(pageId);
    }
  }

  /**
   * Tells whether nobody uses a page: it is not in memory, or would be evicted next. For {@link
   * #leave} afterwards. A hint.
   *
   * @param pageId the page
   * @return true when a use of it now would be its only one
   */
  public boolean isUnused(long pageId) {
    pool.checkPageId(pageId);
    int state = PageStates.state(states.word(pageId));
    return state == PageStates.EVICTED || state == PageStates.MARKED;
  }

  /**
   * Takes the use of a page back that was latched shared, or read as by others: it is evicted
   * before all others.
   *
   * @param pageId the page, which {@link #isUnused} said of, unlatched by the caller
   */
  public void leave(long pageId) {
    long word = states.word(pageId);
    if (PageStates.state(word) == PageStates.UNLOCKED && states.tryMark(pageId, word)) {
      parts.order().passed(pageId);
    }
  }
}
