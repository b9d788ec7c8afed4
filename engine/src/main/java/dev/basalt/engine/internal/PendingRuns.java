// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import dev.basalt.engine.StoreFullException;
import dev.basalt.engine.internal.wal.Wal;
import dev.basalt.index.PageRun;
import dev.basalt.index.SearchKey;
import dev.basalt.index.TreeLoader;
import dev.basalt.index.TreeVerifier;
import dev.basalt.iostack.agent.Execution;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The pages of loads under way: runs that nothing refers to yet. The redo point cannot pass the
 * record that started one, and a load may be long, so each checkpoint starts them anew first.
 *
 * <p>Runs that could not be freed after a failure stay here until the store is closed; recovery
 * frees them at the next opening.
 *
 * <p><b>Concurrency.</b> All methods may be called by any thread, those with a load by its own
 * thread. One lock guards all lists, held for one structure record at a time; nothing that waits
 * for a checkpoint is done under it.
 */
final class PendingRuns {
  private static final int LOCK = 0;
  private static final int JOINED_AT_MIN = 64;

  /** What a run takes in a record that ends it, or starts it anew, beside its extents. */
  private static final int RUN_BYTES = 128;

  private static final int EXTENT_BYTES = 16;

  private final Wal wal;
  private final StoreSpace space;
  private final CommitBounds bounds;
  private final KeyLocks locks;
  private final SearchKey key = new SearchKey();
  private final List<Load> loads = new ArrayList<>();

  /** The runs of one load, in the order of their allocation. */
  static final class Load {
    private List<PageRun> runs = new ArrayList<>();
    private int joinedAt = JOINED_AT_MIN;

    private Load() {}
  }

  PendingRuns(StoreParts parts, StoreSpace space, Execution execution) {
    this.space = space;
    wal = parts.wal();
    bounds = new CommitBounds(parts.layout().pageBytes());
    locks = new KeyLocks(execution);
  }

  /** Begins a load that has no pages. */
  Load begin() {
    Load load = new Load();
    locks.lock(LOCK);
    try {
      loads.add(load);
    } finally {
      locks.unlock(LOCK);
    }
    return load;
  }

  /**
   * Allocates a run.
   *
   * @param load the load it is for
   * @param wanted how many pages, if there are so many
   * @param needed how many there must be
   * @return the run; the pages may be in another, joint one by now
   * @throws StoreFullException when there are too few pages, or so scattered that the record which
   *     publishes them all would be too long
   */
  PageRun allocate(Load load, long wanted, long needed) throws IOException {
    PageRun run = allocateOne(load, wanted, needed);
    if (isJoinDue(load)) {
      join(load);
    }
    return run;
  }

  private boolean isJoinDue(Load load) {
    locks.lock(LOCK);
    try {
      return load.runs.size() >= load.joinedAt;
    } finally {
      locks.unlock(LOCK);
    }
  }

  private PageRun allocateOne(Load load, long wanted, long needed) throws IOException {
    long bytes = bounds.runLogBytes(space.pages().pageLimit()) + 2 * EXTENT_BYTES * wanted;
    wal.admit(bytes);
    try {
      long pages = reserve(wanted, needed);
      locks.lock(LOCK);
      try {
        PageRun run = space.pages().allocateRun(key, pages);
        load.runs.add(run);
        return run;
      } finally {
        locks.unlock(LOCK);
        space.release(pages);
      }
    } finally {
      wal.release(bytes);
    }
  }

  private long reserve(long wanted, long needed) throws IOException {
    try {
      space.reserve(wanted);
      return wanted;
    } catch (StoreFullException e) {
      if (wanted == needed) {
        throw e;
      }
      space.reserve(needed);
      return needed;
    }
  }

  /** Joins the runs of a load, so that the record that ends them all stays short. */
  private void join(Load load) throws IOException {
    long bytes = bytesOf(load);
    wal.admit(bytes);
    locks.lock(LOCK);
    try {
      load.runs = space.pages().renewRuns(key, load.runs);
      load.joinedAt = Math.max(JOINED_AT_MIN, 2 * load.runs.size());
    } finally {
      locks.unlock(LOCK);
      wal.release(bytes);
    }
    if (bytesOf(load) > wal.recordBytesMax() / 2) {
      throw new StoreFullException(
          "the free pages of the store are too scattered for a load of this size");
    }
  }

  /** Starts the runs of all loads anew, as far as the log has room for that. Never waits for it. */
  void renewAll() throws IOException {
    locks.lock(LOCK);
    try {
      for (Load load : loads) {
        long bytes = renewedBytes(load);
        if (bytes > 0 && wal.tryAdmitFromReserve(bytes)) {
          try {
            load.runs = space.pages().renewRuns(key, load.runs);
          } finally {
            wal.release(bytes);
          }
        }
      }
    } finally {
      locks.unlock(LOCK);
    }
  }

  private long bytesOf(Load load) {
    locks.lock(LOCK);
    try {
      return renewedBytes(load);
    } finally {
      locks.unlock(LOCK);
    }
  }

  /**
   * Returns what the records take that start the runs of a load anew, or the one that ends them.
   */
  private static long renewedBytes(Load load) {
    long bytes = 0;
    for (PageRun run : load.runs) {
      bytes += RUN_BYTES + (long) EXTENT_BYTES * run.firstPageIds().length;
    }
    return bytes;
  }

  /** Returns what the record that publishes a load takes of the log at most. */
  long publishedBytes(Load load) {
    return 2 * bounds.runLogBytes(space.pages().pageLimit()) + bytesOf(load);
  }

  /** Publishes a load; writers are paused. Returns the LSN, or -1 when the tree is not empty. */
  long tryPublish(Load load, TreeLoader loader, long tableId) throws IOException {
    locks.lock(LOCK);
    try {
      long lsn = loader.tryPublish(key, load.runs, tableId);
      if (lsn >= 0) {
        load.runs = List.of();
        loads.remove(load);
      }
      return lsn;
    } finally {
      locks.unlock(LOCK);
    }
  }

  /** Frees the runs of a load that is given up. */
  void free(Load load) throws IOException {
    while (!tryEnd(load)) {
      long bytes = bounds.runLogBytes(space.pages().pageLimit()) + bytesOf(load);
      wal.admit(bytes);
      locks.lock(LOCK);
      try {
        space.pages().freeRun(key, load.runs.getLast());
        load.runs.removeLast();
      } finally {
        locks.unlock(LOCK);
        wal.release(bytes);
      }
    }
  }

  /** Forgets a load that has no runs. */
  private boolean tryEnd(Load load) {
    locks.lock(LOCK);
    try {
      if (load.runs.isEmpty()) {
        loads.remove(load);
      }
      return load.runs.isEmpty();
    } finally {
      locks.unlock(LOCK);
    }
  }

  /** Tells a verifier which pages belong to loads; writers are paused. */
  void note(TreeVerifier verifier) {
    locks.lock(LOCK);
    try {
      for (Load load : loads) {
        load.runs.forEach(verifier::notePending);
      }
    } finally {
      locks.unlock(LOCK);
    }
  }
}
