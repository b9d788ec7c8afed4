// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import dev.basalt.engine.internal.wal.CommitEntries;
import dev.basalt.engine.internal.wal.LogDamagedException;
import dev.basalt.engine.internal.wal.LogRecord;
import dev.basalt.engine.internal.wal.RecordType;
import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Applies commits again. Blindly, since puts and deletes of final values are idempotent; except for
 * keys that have an overflow value anywhere in the log: of those only the last change is applied,
 * because an earlier one might free the pages of a run that is in use again.
 *
 * <p>Used by the thread that recovers: {@link #findOverflowKeys} and {@link #findLastChanges} for
 * each commit, then {@link #apply}.
 */
final class CommitRedo {
  /** A key of a table. */
  private record TableKey(long table, String key) {}

  /** The last change of a key: its record and, for an overflow value, its run (else 0). */
  private record LastChange(long lsn, int entry, long runLsn) {}

  private static final LastChange NONE = new LastChange(0, 0, 0);

  private final Tables tables;
  private final Operation operation;
  private final CommitEntries entries;
  private final Map<Long, Long> loadLsns;
  private final Map<TableKey, LastChange> lastChanges = new HashMap<>();
  private final Set<Long> tableRuns = new HashSet<>();
  private final Set<Long> appliedRuns = new HashSet<>();

  /**
   * Creates the redo of a log.
   *
   * @param loadLsns by table, where it was loaded last: it was empty then, so its commits before
   *     that are void
   */
  CommitRedo(Tables tables, Operation operation, Map<Long, Long> loadLsns) {
    this.tables = tables;
    this.loadLsns = loadLsns;
    this.operation = operation;
    entries = operation.entries;
  }

  /** Notes which keys have an overflow value, and which runs are roots of tables. */
  void findOverflowKeys(LogRecord record) throws LogDamagedException {
    record.entries(entries);
    while (entries.next()) {
      if (isVoid(record.lsn())) {
        continue;
      }
      if (entries.kind() == RecordType.PUT_OVERFLOW) {
        lastChanges.put(key(), NONE);
      } else if (entries.table() == Tables.CATALOG_ID
          && CatalogEntry.isPlausible(entries.keyBytes(), entries.valueBytes())) {
        tableRuns.add(CatalogEntry.runLsn(entries.valueAddress()));
      }
    }
  }

  /** Notes the last change of each of those keys. */
  void findLastChanges(LogRecord record) throws LogDamagedException {
    if (lastChanges.isEmpty()) {
      return;
    }
    record.entries(entries);
    for (int entry = 0; entries.next(); entry++) {
      TableKey key = key();
      if (lastChanges.containsKey(key) && !isVoid(record.lsn())) {
        lastChanges.put(key, new LastChange(record.lsn(), entry, entries.runLsn()));
      }
    }
  }

  /** Returns how many changes a commit has. */
  int changeCount(LogRecord record) throws LogDamagedException {
    record.entries(entries);
    int count = 0;
    while (entries.next()) {
      count++;
    }
    return Math.max(1, count);
  }

  /** Applies a commit. */
  void apply(LogRecord record) throws IOException {
    record.entries(entries);
    for (int entry = 0; entries.next(); entry++) {
      if (!isVoid(record.lsn()) && isLastOrInline(record.lsn(), entry)) {
        tables.apply(operation, entries, record.lsn());
        if (entries.runLsn() != 0) {
          appliedRuns.add(entries.runLsn());
        }
      }
    }
  }

  /** Returns the runs whose publishing change was applied. */
  Set<Long> appliedRuns() {
    return appliedRuns;
  }

  /** Returns the runs that are in use once all is applied. */
  Set<Long> liveRuns() {
    Set<Long> live = new HashSet<>(tableRuns);
    for (LastChange change : lastChanges.values()) {
      live.add(change.runLsn());
    }
    return live;
  }

  /** Tells whether the entry is of a table that was loaded after the commit. */
  private boolean isVoid(long lsn) {
    return !loadLsns.isEmpty() && lsn < loadLsns.getOrDefault(entries.table(), 0L);
  }

  private boolean isLastOrInline(long lsn, int entry) {
    if (lastChanges.isEmpty()) {
      return true;
    }
    LastChange last = lastChanges.get(key());
    return last == null || last.lsn() == lsn && last.entry() == entry;
  }

  private TableKey key() {
    return new TableKey(
        entries.table(), EngineMemory.latin1(entries.keyAddress(), entries.keyBytes()));
  }
}
