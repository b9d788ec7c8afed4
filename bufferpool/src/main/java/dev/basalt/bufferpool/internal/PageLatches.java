// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.agent.ParkingLot;
import dev.basalt.iostack.agent.WaitCondition;

/**
 * Latches of resident pages: the transitions of {@link PageStates} with waiting and waking.
 *
 * <p>A latch that cannot be had is waited for: a brief spin, then parking under the page id.
 * Latches are neither fair nor reentrant, and know no owner. Methods that take a latch return false
 * when the page is evicted, because only the pool can fault it in.
 *
 * <p><b>Concurrency.</b> Any thread. Every transition that may end somebody's wait is a
 * compare-and-set (volatile) followed by {@link ParkingLot#wakeAll}, which reads the waiters
 * afterwards; a waiter is in the lot before it reads the word for the last time. So one of the two
 * sees the other: a waiter always wakes.
 */
public final class PageLatches {
  private final PageStates states;
  private final ParkingLot lot;
  private final PoolCounters counters;
  private final Execution execution;
  private final WaitCondition isExclusive;
  private final WaitCondition isNotShareable;
  private final WaitCondition isLatched;
  private final WaitCondition isEvictedAndWriting;

  /**
   * Creates the latches of a pool.
   *
   * @param states the state words
   * @param lot where waiters park; page ids are keys of it
   * @param counters where waits are counted
   * @param execution the seam
   */
  public PageLatches(
      PageStates states, ParkingLot lot, PoolCounters counters, Execution execution) {
    this.states = states;
    this.lot = lot;
    this.counters = counters;
    this.execution = execution;
    isExclusive = pageId -> PageStates.state(states.wordVolatile(pageId)) == PageStates.EXCLUSIVE;
    isNotShareable =
        pageId -> {
          int state = PageStates.state(states.wordVolatile(pageId));
          return state == PageStates.EXCLUSIVE || state == PageStates.SHARED_MAX;
        };
    isLatched =
        pageId -> {
          int state = PageStates.state(states.wordVolatile(pageId));
          return state == PageStates.EXCLUSIVE || state > PageStates.UNLOCKED;
        };
    isEvictedAndWriting =
        pageId -> {
          long word = states.wordVolatile(pageId);
          return PageStates.state(word) == PageStates.EVICTED && PageStates.isWriting(word);
        };
  }

  /**
   * Waits until a page may be read optimistically, and gives a marked page its second chance.
   *
   * @param pageId the page
   * @return its word, or a word in the state evicted
   */
  public long optimistic(long pageId) {
    while (true) {
      long word = states.word(pageId);
      int state = PageStates.state(word);
      if (state == PageStates.EVICTED || state >= PageStates.UNLOCKED) {
        return word;
      }
      if (state == PageStates.EXCLUSIVE) {
        await(pageId, isExclusive);
      } else if (states.tryUnmark(pageId, word)) {
        return states.word(pageId);
      }
    }
  }

  /**
   * Waits until a page may be read optimistically, and leaves a marked page marked.
   *
   * @param pageId the page
   * @return its word, or a word in the state evicted
   */
  public long optimisticPassing(long pageId) {
    long word = states.word(pageId);
    while (PageStates.state(word) == PageStates.EXCLUSIVE) {
      await(pageId, isExclusive);
      word = states.word(pageId);
    }
    return word;
  }

  /**
   * Latches a page shared.
   *
   * @param pageId the page
   * @return false when it is evicted
   */
  public boolean latchShared(long pageId) {
    execution.interleave();
    while (true) {
      long word = states.word(pageId);
      int state = PageStates.state(word);
      if (state == PageStates.EVICTED) {
        return false;
      }
      if (state == PageStates.EXCLUSIVE || state == PageStates.SHARED_MAX) {
        await(pageId, isNotShareable);
      } else if (states.tryShared(pageId, word)) {
        return true;
      }
    }
  }

  /**
   * Latches a page shared if that needs no wait.
   *
   * @param pageId the page
   * @return false when it is evicted, latched exclusively or by too many
   */
  public boolean tryLatchShared(long pageId) {
    while (true) {
      long word = states.word(pageId);
      int state = PageStates.state(word);
      if (state < PageStates.MARKED || state == PageStates.SHARED_MAX) {
        return false;
      }
      if (states.tryShared(pageId, word)) {
        return true;
      }
    }
  }

  /**
   * Ends a shared latch.
   *
   * @param pageId the page
   */
  public void unlatchShared(long pageId) {
    if (states.unlatchShared(pageId)) {
      lot.wakeAll(pageId);
    }
    execution.interleave();
  }

  /**
   * Ends a shared latch and marks the page where there is no other sharer.
   *
   * @param pageId the page
   */
  public void unlatchSharedMarking(long pageId) {
    if (states.unlatchSharedMarking(pageId)) {
      lot.wakeAll(pageId);
    }
  }

  /**
   * Latches a page exclusively.
   *
   * @param pageId the page
   * @return false when it is evicted
   */
  public boolean latchExclusive(long pageId) {
    execution.interleave();
    while (true) {
      long word = states.word(pageId);
      int state = PageStates.state(word);
      if (state == PageStates.EVICTED) {
        return false;
      }
      if (state == PageStates.EXCLUSIVE || state > PageStates.UNLOCKED) {
        await(pageId, isLatched);
      } else if (states.tryExclusive(pageId, word)) {
        return true;
      }
    }
  }

  /**
   * Turns an optimistic read into an exclusive latch if nothing has changed. Never waits.
   *
   * @param pageId the page
   * @param seen its word as the optimistic read began with it
   * @return false when the content has changed, or the page is latched or evicted
   */
  public boolean tryUpgrade(long pageId, long seen) {
    while (true) {
      long word = states.word(pageId);
      int state = PageStates.state(word);
      boolean isUnlatched = state == PageStates.UNLOCKED || state == PageStates.MARKED;
      if (!isUnlatched || PageStates.version(word) != PageStates.version(seen)) {
        execution.interleave();
        return false;
      }
      if (states.tryExclusive(pageId, word)) {
        return true;
      }
    }
  }

  /**
   * Ends an exclusive latch.
   *
   * @param pageId the page
   * @param changed whether its content differs from the device's now
   */
  public void unlatchExclusive(long pageId, boolean changed) {
    states.unlatchExclusive(pageId, changed);
    lot.wakeAll(pageId);
    execution.interleave();
  }

  /**
   * Ends the exclusive latch of a page that was read and has yet to be used, and marks it.
   *
   * @param pageId the page
   */
  public void unlatchMarking(long pageId) {
    states.unlatchMarking(pageId);
    lot.wakeAll(pageId);
    execution.interleave();
  }

  /**
   * Turns an exclusive latch into a shared one.
   *
   * @param pageId the page
   */
  public void downgrade(long pageId) {
    states.downgrade(pageId);
    lot.wakeAll(pageId);
  }

  /**
   * Ends the exclusive latch of a page whose frame is gone.
   *
   * @param pageId the page
   */
  public void evicted(long pageId) {
    states.evicted(pageId);
    lot.wakeAll(pageId);
  }

  /**
   * Ends a write and wakes who waits for that.
   *
   * @param pageId the page
   * @param written whether the device has it
   */
  public void endWrite(long pageId, boolean written) {
    states.endWrite(pageId, written);
    lot.wakeAll(pageId);
  }

  /**
   * Waits while the page is evicted and an older content of it is still on its way to the device.
   *
   * @param pageId the page
   */
  public void awaitReadable(long pageId) {
    await(pageId, isEvictedAndWriting);
  }

  private void await(long pageId, WaitCondition condition) {
    counters.latchWaits.increment();
    lot.awaitWhile(pageId, condition, pageId);
  }
}
