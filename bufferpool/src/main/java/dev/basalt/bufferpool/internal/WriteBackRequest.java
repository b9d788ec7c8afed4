// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import dev.basalt.iostack.agent.WaitCondition;

/**
 * The pages that one caller wants written.
 *
 * <p><b>Concurrency.</b> Filled by the caller, then used by the write-back agent alone, until
 * {@code isDone} (volatile) hands the result back.
 */
final class WriteBackRequest implements WaitCondition {
  final long key;
  private final PoolFailure failure;
  private final PageIds pageIds;

  /** Where the present pass over the pages stands, and how many it keeps for the next one. */
  private int index;

  private int kept;
  private volatile boolean isDone;

  WriteBackRequest(long key, PoolFailure failure, PageIds pageIds) {
    this.key = key;
    this.failure = failure;
    this.pageIds = pageIds;
    pageIds.sort();
  }

  @Override
  public boolean mustWait(long argument) {
    return !isDone && !failure.hasFailed();
  }

  /** Stages what can be staged; pages that are busy or ahead of the log stay for the next pass. */
  int stage(PageWriter writer) {
    int done = 0;
    while (index < pageIds.count()) {
      switch (writer.tryStage(pageIds.get(index))) {
        case STAGED, CLEAN -> done++;
        case BUSY, AHEAD_OF_LOG -> pageIds.keep(kept++, index);
        case FULL -> {
          return done;
        }
      }
      index++;
    }
    pageIds.removeBetween(kept, index);
    index = 0;
    kept = 0;
    return done;
  }

  boolean isStaged() {
    return pageIds.isEmpty();
  }

  void done() {
    isDone = true;
  }
}
