// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import dev.basalt.engine.Durability;
import dev.basalt.engine.internal.wal.CommitEntries;
import dev.basalt.engine.internal.wal.Wal;
import dev.basalt.iostack.agent.Execution;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The way of every change: log space is admitted, pages are reserved, large values are written, the
 * keys are locked, one record is appended, it is applied, the locks are released, and the caller
 * waits until the record is as durable as the mode says.
 *
 * <p>Whatever can fail for want of space fails before the append. A failure between append and the
 * end of the application poisons the store: the log then says what the pages do not.
 *
 * <p><b>Concurrency.</b> All methods may be called by any thread inside the gate, each with its own
 * operation.
 */
final class Commits {
  private static final int BATCH_SIZE_MAX = 1000;

  private final Wal wal;
  private final StoreSpace space;
  private final Tables tables;
  private final LargeValues largeValues;
  private final KeyLocks locks;
  private final StoreFailure failure;
  private final Execution execution;
  private final CommitBounds bounds;
  private final boolean locksKeys;
  private final boolean awaitsDurable;
  private final EngineSwitches.Watcher watcher;

  Commits(
      StoreParts parts,
      StoreSpace space,
      Tables tables,
      LargeValues largeValues,
      CommitMode mode,
      StoreFailure failure,
      Execution execution) {
    wal = parts.wal();
    this.space = space;
    this.tables = tables;
    this.largeValues = largeValues;
    this.failure = failure;
    this.execution = execution;
    locks = new KeyLocks(execution);
    bounds = new CommitBounds(parts.layout().pageBytes());
    watcher = mode.switches().watcher();
    locksKeys = mode.switches().ordered();
    awaitsDurable =
        mode.durability() instanceof Durability.Sync && mode.switches().flushBeforeAcknowledge();
  }

  /** When a commit returns, and what tests have broken. */
  record CommitMode(Durability durability, EngineSwitches switches) {}

  void put(Operation op, TableTree table, MemorySegment key, MemorySegment value)
      throws IOException {
    begin(op, table, 1, 1, largeValues.recordBytes(key, value), largeValues.pages(key, value));
    try {
      stagePut(op, table, key, value);
      int stripe = lock(table, key);
      try {
        appendAndApply(op);
      } finally {
        unlock(stripe);
      }
    } finally {
      end(op);
    }
    awaitDurable(op);
  }

  boolean delete(Operation op, TableTree table, MemorySegment key) throws IOException {
    begin(op, table, 1, 0, largeValues.recordBytes(key, null), 0);
    try {
      op.record.delete(table.id(), key);
      int stripe = lock(table, key);
      try {
        failure.check();
        if (!table.tree().get(op.key.set(key), op.value)) {
          return false;
        }
        appendAndApply(op);
      } finally {
        unlock(stripe);
      }
    } finally {
      end(op);
    }
    awaitDurable(op);
    return true;
  }

  /** Sets a value if the present one is as expected; null means absent. */
  boolean compareAndSet(
      Operation op,
      TableTree table,
      MemorySegment key,
      @Nullable MemorySegment expected,
      MemorySegment value)
      throws IOException {
    begin(op, table, 1, 1, largeValues.recordBytes(key, value), largeValues.pages(key, value));
    try {
      stagePut(op, table, key, value);
      int stripe = lock(table, key);
      try {
        failure.check(); // a change of the key before may be in the log and not in the tree
        if (!hasValue(op, table, key, expected)) {
          return false;
        }
        appendAndApply(op);
      } finally {
        unlock(stripe);
      }
    } finally {
      end(op);
    }
    awaitDurable(op);
    return true;
  }

  /** Applies all changes of a batch; the tables exist. */
  void write(Operation op, ChangeList changes) throws IOException {
    int count = changes.size();
    long bytes = 0;
    long pages = 0;
    for (int i = 0; i < count; i++) {
      bytes += largeValues.recordBytes(changes.key(i), changes.value(i));
      pages += largeValues.pages(changes.key(i), changes.value(i));
    }
    int[] stripes = new int[count];
    begin(op, changes.highestTable(), count, changes.putCount(), bytes, pages);
    try {
      for (int i = 0; i < count; i++) {
        stripes[i] = stage(op, changes, i);
      }
      Arrays.sort(stripes);
      lock(stripes);
      try {
        appendAndApply(op);
      } finally {
        unlock(stripes);
      }
    } finally {
      end(op);
    }
    awaitDurable(op);
  }

  /** Returns how many changes of small records take half of the log at most, 1 or more. */
  int batchSizeAdvised() {
    int height = tables.heightMax() + 1;
    long limit = space.pages().pageLimit();
    long one = bounds.logBytes(height, 1, limit);
    long further = bounds.logBytes(height, 2, limit) - one;
    return Math.clamp((wal.admissibleBytesMax() / 2 - one) / further, 1, BATCH_SIZE_MAX);
  }

  /** Creates a table. The caller sees to it that there is one creation at a time. */
  void createTable(Operation op, byte[] name) throws IOException {
    begin(
        op, tables.catalog(), 1, 1, largeValues.recordBytes(MemorySegment.ofArray(name), null), 2);
    try {
      tables.stageCreation(op, name);
      appendAndApply(op);
    } finally {
      end(op);
    }
    awaitDurable(op);
  }

  /** Admits log space and reserves pages for a number of changes. */
  private void begin(
      Operation op, TableTree table, int changes, int puts, long recordBytes, long largePages)
      throws IOException {
    failure.check();
    op.record.clear();
    op.runs.clear();
    op.isAppended = false;
    op.logBytes = recordBytes + logBytes(table, changes, largePages);
    op.pages = 0;
    wal.admit(op.logBytes);
    boolean isReserved = false;
    try {
      long pages = bounds.pages(table.tree().height(), puts) + largePages;
      space.reserve(pages);
      op.pages = pages;
      isReserved = true;
    } finally {
      if (!isReserved) {
        wal.release(op.logBytes);
      }
    }
  }

  /** Ends what {@link #begin} began; runs that were not published are freed. */
  private void end(Operation op) {
    try {
      if (!op.isAppended && !op.runs.isEmpty()) {
        largeValues.free(op);
      }
    } finally {
      space.release(op.pages);
      wal.release(op.logBytes);
    }
  }

  private void awaitDurable(Operation op) throws IOException {
    if (awaitsDurable) {
      wal.awaitDurable(op.record.lsn());
    }
  }

  /** Notes that a load was published. */
  void loadAppended(long loadLsn) {
    watcher.appended(loadLsn);
  }

  /** Waits until the record that published a load is as durable as the mode says. */
  void awaitLoaded(long loadLsn) throws IOException {
    if (awaitsDurable) {
      wal.awaitDurable(loadLsn);
    }
  }

  private long logBytes(TableTree table, int changes, long largePages) {
    long limit = space.pages().pageLimit();
    long bytes = bounds.logBytes(table.tree().height(), changes, limit);
    return largePages == 0 ? bytes : bytes + 2L * changes * bounds.runLogBytes(limit);
  }

  private int stage(Operation op, ChangeList changes, int index) throws IOException {
    TableTree table = changes.table(index);
    MemorySegment key = changes.key(index);
    MemorySegment value = changes.value(index);
    if (value == null) {
      op.record.delete(table.id(), key);
    } else {
      stagePut(op, table, key, value);
    }
    return KeyLocks.stripeOf(table.id(), key);
  }

  private void stagePut(Operation op, TableTree table, MemorySegment key, MemorySegment value)
      throws IOException {
    if (largeValues.pages(key, value) == 0) {
      op.record.put(table.id(), key, value);
    } else {
      largeValues.stage(op, table, key, value);
    }
  }

  private boolean hasValue(
      Operation op, TableTree table, MemorySegment key, @Nullable MemorySegment expected)
      throws IOException {
    boolean isPresent = table.tree().get(op.key.set(key), op.value);
    if (expected == null || !isPresent) {
      return expected == null && !isPresent;
    }
    byte[] present = largeValues.bytes(table.tree(), op.key, op.value);
    return present != null && MemorySegment.ofArray(present).mismatch(expected) < 0;
  }

  /** Logs the staged record and brings it into the pages. The keys are locked. */
  private void appendAndApply(Operation op) throws IOException {
    long lsn = wal.append(op.record);
    op.isAppended = true;
    watcher.appended(lsn);
    execution.interleave();
    boolean isApplied = false;
    try {
      CommitEntries entries = op.entries;
      op.record.entries(entries);
      while (entries.next()) {
        tables.apply(op, entries, lsn);
      }
      isApplied = true;
    } catch (IOException | RuntimeException e) {
      failure.poison(e);
      throw e;
    } finally {
      if (!isApplied) {
        failure.poison(new IllegalStateException("a logged change was not applied"));
      }
    }
    for (int i = 0; i < op.runs.size(); i++) {
      wal.closeRun(op.runs.get(i).lsn());
    }
    wal.applied(op.record.commitSequence());
  }

  private int lock(TableTree table, MemorySegment key) {
    int stripe = KeyLocks.stripeOf(table.id(), key);
    if (locksKeys) {
      locks.lock(stripe);
    }
    return stripe;
  }

  private void unlock(int stripe) {
    if (locksKeys) {
      locks.unlock(stripe);
    }
  }

  private void lock(int[] sortedStripes) {
    for (int i = 0; i < sortedStripes.length; i++) {
      if (locksKeys && (i == 0 || sortedStripes[i] != sortedStripes[i - 1])) {
        locks.lock(sortedStripes[i]);
      }
    }
  }

  private void unlock(int[] sortedStripes) {
    for (int i = 0; i < sortedStripes.length; i++) {
      if (locksKeys && (i == 0 || sortedStripes[i] != sortedStripes[i - 1])) {
        locks.unlock(sortedStripes[i]);
      }
    }
  }
}
