// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import dev.basalt.engine.SortedSource;
import dev.basalt.engine.internal.wal.Wal;
import dev.basalt.index.OverflowWriter;
import dev.basalt.index.SearchKey;
import dev.basalt.index.TreeLoader;
import dev.basalt.iostack.IoStack;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * One load of an empty table from sorted input, from the bottom up: the pages are built in pending
 * runs, written, flushed, and published by one record. All or nothing, also after a crash.
 *
 * <p>Others may write to the table meanwhile; the load notices that at the end, or when it needs
 * pages, and is given up. The record is appended while no writer is inside the gate: so the commits
 * of the table before it are the ones that had left it empty, and recovery does not apply them
 * again.
 *
 * <p>Inside the gate only while pages are touched, not while the source is asked: a store may be
 * closed or checked during a load, and the source may use the store.
 *
 * <p><b>Concurrency.</b> Used by the thread that loads.
 */
final class BulkLoad {
  private static final long RUN_PAGES_MIN = 16;
  private static final long RUN_PAGES_MAX = 1024;

  /** Each run is this part of all before, so that there are few, and little is left of the last. */
  private static final int RUN_FRACTION = 16;

  private final Wal wal;
  private final IoStack io;
  private final OperationGate<Operation> gate;
  private final StoreFailure failure;
  private final Commits commits;
  private final LargeValues largeValues;
  private final PendingRuns pending;
  private final TableTree table;
  private final TreeLoader loader;
  private final PendingRuns.Load load;
  private long allocatedPages;

  /** The parts of a store that a load works with. */
  record LoadParts(
      OperationGate<Operation> gate,
      StoreFailure failure,
      Commits commits,
      LargeValues largeValues,
      PendingRuns pending) {}

  BulkLoad(StoreParts store, LoadParts parts, TableTree table) {
    wal = store.wal();
    io = store.io();
    gate = parts.gate();
    failure = parts.failure();
    commits = parts.commits();
    largeValues = parts.largeValues();
    pending = parts.pending();
    this.table = table;
    loader = new TreeLoader(table.tree());
    load = pending.begin();
  }

  /** Loads all entries; returns how many there were. */
  long run(SortedSource source) throws IOException {
    try {
      while (source.next()) {
        add(source.key(), source.value());
      }
      publish();
      return loader.count();
    } catch (IOException | RuntimeException | Error e) { // also what the source throws
      giveUp(e);
      throw e;
    }
  }

  private void add(MemorySegment key, MemorySegment value) throws IOException {
    if (largeValues.pages(key, value) == 0) {
      loader.add(key, value);
    } else {
      addLarge(key, value);
    }
    if (loader.isCutDue()) {
      Operation op = enterWriter();
      try {
        supply(loader.neededPages());
        loader.cut();
      } finally {
        gate.exit(op);
      }
    }
  }

  private void addLarge(MemorySegment key, MemorySegment value) throws IOException {
    SearchKey.checkLength(key.byteSize());
    if (value.byteSize() > OverflowWriter.VALUE_BYTES_MAX) {
      throw new IllegalArgumentException(
          "value length is %d bytes, limit %d"
              .formatted(value.byteSize(), OverflowWriter.VALUE_BYTES_MAX));
    }
    Operation op = enterWriter();
    try {
      supply(loader.overflowPages(value.byteSize()));
      loader.addLarge(key, value);
    } finally {
      gate.exit(op);
    }
  }

  private Operation enterWriter() {
    Operation op = gate.enterWriter();
    boolean isWell = false;
    try {
      failure.check();
      isWell = true;
      return op;
    } finally {
      if (!isWell) {
        gate.exit(op);
      }
    }
  }

  private void supply(long needed) throws IOException {
    long missing = needed - loader.suppliedPages();
    if (missing > 0) {
      if (!TreeLoader.canLoad(table.tree())) {
        throw notEmpty();
      }
      long share =
          Math.clamp(
              allocatedPages / RUN_FRACTION,
              RUN_PAGES_MIN,
              Math.min(RUN_PAGES_MAX, wal.recordBytesMax() / 64));
      long wanted = Math.max(missing, share);
      loader.supply(pending.allocate(load, wanted, missing));
      allocatedPages += wanted;
    }
  }

  private void publish() throws IOException {
    if (loader.count() == 0) {
      pending.free(load);
      return;
    }
    Operation op = enterWriter();
    try {
      supply(loader.neededPages());
      loader.finish();
      failure.flush(io);
    } finally {
      gate.exit(op);
    }
    op = gate.enterReader();
    try {
      long lsn = appendPublished();
      if (lsn < 0) {
        throw notEmpty();
      }
      op.counters.increment(OperationCounters.BATCHES);
      commits.awaitLoaded(lsn);
    } finally {
      gate.exit(op);
    }
  }

  private long appendPublished() throws IOException {
    long bytes = pending.publishedBytes(load);
    wal.admit(bytes);
    try {
      gate.pauseWriters();
      try {
        failure.check();
        long lsn = pending.tryPublish(load, loader, table.id());
        if (lsn >= 0) {
          commits.loadAppended(lsn);
        }
        return lsn;
      } finally {
        gate.resumeWriters();
      }
    } finally {
      wal.release(bytes);
    }
  }

  private IllegalStateException notEmpty() {
    return new IllegalStateException(
        "table '" + table.name() + "' was written to during the load; nothing was loaded");
  }

  /** Frees the pages; what cannot be freed now is at the next opening. */
  private void giveUp(Throwable cause) {
    try {
      Operation op = enterWriter();
      try {
        pending.free(load);
      } finally {
        gate.exit(op);
      }
    } catch (IOException | RuntimeException e) {
      cause.addSuppressed(e);
    }
  }
}
