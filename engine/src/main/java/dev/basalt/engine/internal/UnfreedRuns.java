// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import dev.basalt.engine.internal.wal.Wal;
import dev.basalt.index.PageRun;
import dev.basalt.index.PageSpace;
import dev.basalt.index.SearchKey;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Frees the runs of operations that were not logged, the failed ones later: a run in flight holds
 * back the redo point, so one whose space map could not be read is tried again by each checkpoint
 * before it begins. When that fails too, the checkpoint fails with the cause, and so the store,
 * before the log fills up for no visible reason.
 *
 * <p><b>Concurrency.</b> {@link #free} may be called by any thread with its own operation; {@link
 * #freeLeft} by the thread that takes a checkpoint, of which there is one at a time.
 */
final class UnfreedRuns {
  /** What an operation left, with its share of the log's space, which freeing will need. */
  private record Left(List<PageRun> runs, long logBytes) {}

  private final Wal wal;
  private final PageSpace pages;
  private final SearchKey key = new SearchKey();
  private final Queue<Left> left = new ConcurrentLinkedQueue<>();

  UnfreedRuns(Wal wal, PageSpace pages) {
    this.wal = wal;
    this.pages = pages;
  }

  /** Frees the runs of an operation, or keeps them and the log space that it was admitted with. */
  void free(Operation op) {
    try {
      free(op.key, op.runs);
    } catch (IOException _) {
      // The operation fails with its own cause; the next checkpoint tries this again.
      left.add(new Left(new ArrayList<>(op.runs), op.logBytes));
      op.logBytes = 0;
    }
  }

  /** Frees what was kept. */
  void freeLeft() throws IOException {
    for (Left next = left.peek(); next != null; next = left.peek()) {
      free(key, next.runs());
      left.remove();
      wal.release(next.logBytes());
    }
  }

  private void free(SearchKey working, List<PageRun> runs) throws IOException {
    while (!runs.isEmpty()) {
      pages.freeRun(working, runs.getLast());
      runs.removeLast();
    }
  }
}
