// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import dev.basalt.bufferpool.BufferPool;
import dev.basalt.bufferpool.DamagedPageException;
import dev.basalt.engine.StoreFullException;
import dev.basalt.engine.internal.wal.CheckpointState;
import dev.basalt.engine.internal.wal.LogDamagedException;
import dev.basalt.engine.internal.wal.LogReader;
import dev.basalt.engine.internal.wal.LogRecord;
import dev.basalt.engine.internal.wal.LogRegion;
import dev.basalt.engine.internal.wal.RecordType;
import dev.basalt.engine.internal.wal.Wal;
import dev.basalt.engine.internal.wal.WalStatistics;
import dev.basalt.index.BTree;
import dev.basalt.index.PageRedo;
import dev.basalt.index.PageRun;
import dev.basalt.index.SearchKey;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Brings a store to the state of its log, as the design's section 7 and its model say:
 *
 * <ol>
 *   <li>structure: in LSN order, every page gets the images and deltas it has not seen; the trees
 *       are structurally whole then;
 *   <li>content: the commits are applied again in LSN order, by {@link CommitRedo};
 *   <li>runs that nothing refers to are freed;
 *   <li>a checkpoint.
 * </ol>
 *
 * <p>The second and third step log their structure changes like any others, so that a crash on the
 * way is harmless. When the log has hardly room for them, a checkpoint on the way moves the redo
 * point up to the next commit, though never past the start of a run whose fate is open.
 *
 * <p>Used by the thread that opens the store; nobody else is there yet.
 */
final class Recovery {
  private static final int CHECKPOINT_FRACTION = 16;

  private final StoreParts parts;
  private final Wal wal;
  private final BufferPool pool;
  private final Checkpointer checkpointer;
  private final StoreSpace space;
  private final EngineSwitches.Watcher watcher;
  private final LogReader reader;
  private final CommitBounds bounds;

  /** The runs whose start was read and whose end was not, by LSN. */
  private final TreeMap<Long, PageRun> openRuns = new TreeMap<>();

  /** The LSN of the last load of a table, by the table's id. */
  private final Map<Long, Long> loadLsns = new HashMap<>();

  Recovery(
      StoreParts parts,
      StoreSpace space,
      Checkpointer checkpointer,
      EngineSwitches.Watcher watcher) {
    this.parts = parts;
    this.watcher = watcher;
    this.space = space;
    this.checkpointer = checkpointer;
    wal = parts.wal();
    pool = parts.pool();
    bounds = new CommitBounds(parts.layout().pageBytes());
    reader = new LogReader(parts.io(), parts.layout());
  }

  /** The first step. */
  void redoStructure() throws IOException {
    PageRedo redo = new PageRedo(parts.layout().pageBytes());
    seek();
    while (next()) {
      LogRecord record = reader.record();
      if (record.type() == RecordType.STRUCTURE) {
        redo.wrap(record.bodyAddress(), record.bodyBytes(), record.lsn());
        redoRecord(redo, record.lsn());
      }
    }
  }

  /** Tells whether the log holds anything that may not be in the pages. */
  boolean isNeeded() {
    return parts.logEnd().recordCount() > 0;
  }

  /**
   * Makes the first pages of a store whose creation was not finished: its space map and the root of
   * its catalog, a structure record each, then the first checkpoint.
   *
   * <p>Until that, the log holds all there ever was. So the store has no space map when the log is
   * empty, and no catalog when the map says so; a page that cannot be read says nothing, since the
   * log's images have made good what was torn by now.
   */
  void finishCreation(SearchKey key) throws IOException {
    if (parts.start().redoLsn() != LogRegion.LSN_FIRST) {
      return;
    }
    if (!isNeeded()) {
      checkNeverWritten();
      space.pages().format(key);
    }
    space.pages().load();
    if (!space.pages().isAllocated(Tables.CATALOG_ROOT)) {
      long root = BTree.create(space.pages(), key);
      if (root != Tables.CATALOG_ROOT) {
        throw new IOException("the catalog's root is page " + root);
      }
    }
    if (!isNeeded()) {
      checkpointer.run(Long.MAX_VALUE, false);
    }
  }

  /** A page of this store beside an empty log is ahead of it. */
  private void checkNeverWritten() throws IOException {
    for (long pageId = 0; pageId <= Tables.CATALOG_ROOT; pageId++) {
      if (tryLatch(pageId)) {
        pool.unlatchExclusive(pageId, false);
        throw new LogDamagedException(
            parts.logEnd().endLsn(), "it is empty, but page " + pageId + " was written");
      }
    }
  }

  /** The other steps; the page space and the tables are open. */
  void redoContent(Tables tables, Operation operation) throws IOException {
    Set<Long> endedRuns = parts.log().noteEndedRuns();
    try {
      CommitRedo redo = new CommitRedo(tables, operation, loadLsns);
      seek();
      while (nextCommit()) {
        redo.findOverflowKeys(reader.record());
      }
      seek();
      while (nextCommit()) {
        redo.findLastChanges(reader.record());
      }
      seek();
      while (nextCommit()) {
        redoCommit(redo, tables, reader.record(), endedRuns);
      }
      freeRuns(operation, redo, endedRuns);
    } finally {
      parts.log().noteNothing();
    }
    checkpointer.run(Long.MAX_VALUE, false);
  }

  private void redoCommit(CommitRedo redo, Tables tables, LogRecord record, Set<Long> endedRuns)
      throws IOException {
    int changes = redo.changeCount(record);
    long bytes = bounds.logBytes(tables.heightMax(), changes, space.pages().pageLimit());
    boolean isWanted = watcher.wantsCheckpoint(record.lsn());
    if (isWanted || isLogShort(bytes)) {
      openRuns.keySet().removeAll(endedRuns);
      openRuns.keySet().removeAll(redo.appliedRuns());
      long firstOpen = openRuns.isEmpty() ? Long.MAX_VALUE : openRuns.firstKey();
      freeLog(Math.min(record.lsn(), firstOpen), isWanted);
    }
    long pages = reserve(bounds.pages(tables.heightMax(), changes));
    try {
      redo.apply(record);
    } finally {
      space.release(pages);
    }
  }

  /**
   * Tells whether the log has little room left, for a commit that appends so many bytes at most.
   * Nobody else appends, so nothing need be admitted. Applying a commit again appends little as a
   * rule: its structure changes are redone, its pages have their images, and what had not been
   * logged when the store ended was admitted. But after a checkpoint each page needs an image once
   * more; so one that is taken early, or often, costs more log than it frees.
   */
  private boolean isLogShort(long bytes) {
    WalStatistics log = wal.statistics();
    return log.capacityBytes() - log.usedBytes() < Math.min(bytes, checkpointBytes(log));
  }

  /** Frees the log before an LSN by a checkpoint, if that is enough of it. */
  private void freeLog(long limit, boolean isWanted) throws IOException {
    WalStatistics log = wal.statistics();
    long redoLsn = wal.appendedLsn() - log.usedBytes();
    if (isWanted || limit - redoLsn >= checkpointBytes(log)) {
      checkpointer.run(limit, false);
    }
  }

  /** Half of what admission leaves to recovery. */
  private static long checkpointBytes(WalStatistics log) {
    return log.capacityBytes() / CHECKPOINT_FRACTION;
  }

  /** Reserves the most pages a commit can take, or none where the store cannot have so many. */
  private long reserve(long pages) throws IOException {
    try {
      space.reserve(pages);
      return pages;
    } catch (StoreFullException _) {
      return 0; // What there is may do; applying it finds out.
    }
  }

  private void freeRuns(Operation operation, CommitRedo redo, Set<Long> endedRuns)
      throws IOException {
    openRuns.keySet().removeAll(endedRuns);
    openRuns.keySet().removeAll(redo.liveRuns());
    long bytes = bounds.runLogBytes(space.pages().pageLimit());
    while (!openRuns.isEmpty()) {
      if (isLogShort(bytes)) {
        freeLog(openRuns.firstKey(), false);
      }
      space.pages().freeRun(operation.key, openRuns.firstEntry().getValue());
      openRuns.pollFirstEntry();
    }
  }

  private void seek() {
    CheckpointState start = parts.start();
    reader.seek(start.redoLsn(), start.redoEpoch());
  }

  /** Reads the next record of the store's earlier lives; behind them are recovery's own. */
  private boolean next() throws IOException {
    return reader.next() && reader.record().lsn() < parts.logEnd().endLsn();
  }

  private boolean nextCommit() throws IOException {
    boolean isFound = next();
    while (isFound && reader.record().type() != RecordType.COMMIT) {
      isFound = next();
    }
    return isFound;
  }

  private void redoRecord(PageRedo redo, long lsn) throws IOException {
    while (redo.next()) {
      if (redo.isRunStart()) {
        openRuns.put(redo.run().lsn(), redo.run());
      } else if (redo.isRunEnd()) {
        openRuns.remove(redo.endedRun());
      } else if (redo.isLoad()) {
        loadLsns.put(redo.loadOwner(), lsn);
      } else {
        redoPage(redo);
      }
    }
  }

  private void redoPage(PageRedo redo) throws IOException {
    long pageId = redo.pageId();
    if (pageId < 0 || pageId >= space.pages().pageLimit()) {
      throw redo.damaged("the store has %,d pages".formatted(space.pages().pageLimit()));
    }
    if (tryLatch(pageId)) {
      pool.unlatchExclusive(pageId, redo.redo(pool.address(pageId), true));
    } else if (redo.isImage()) {
      pool.create(pageId);
      pool.unlatchExclusive(pageId, redo.redo(pool.address(pageId), false));
    }
  }

  /**
   * Latches a page if it can be read: a torn one gets an image, or a later one frees it. One that
   * is ahead of the log is whole, and the log is not.
   */
  private boolean tryLatch(long pageId) throws IOException {
    try {
      pool.latchExclusive(pageId);
      return true;
    } catch (DamagedPageException e) {
      if (e.isAheadOfLog()) {
        throw e;
      }
      return false;
    }
  }
}
