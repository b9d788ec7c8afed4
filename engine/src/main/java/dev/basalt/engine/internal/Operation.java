// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import dev.basalt.engine.internal.wal.CommitEntries;
import dev.basalt.engine.internal.wal.CommitRecord;
import dev.basalt.index.PageRun;
import dev.basalt.index.SearchKey;
import dev.basalt.index.ValueBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The scratch memory of one operation: a slot of the gate. Reused, so that operations allocate
 * nothing; freed with the store.
 *
 * <p><b>Concurrency.</b> Used by the operation that has claimed it. The counters are written by
 * that one only and may be read, each by itself, by any thread.
 */
public final class Operation extends OperationGate.Slot {
  private static final int RECORD_BYTES = 512;

  final SearchKey key = new SearchKey();
  final ValueBuffer value = new ValueBuffer();
  final CommitRecord record = new CommitRecord(RECORD_BYTES);
  final CommitEntries entries = new CommitEntries();

  /** Runs that the staged record publishes. */
  final List<PageRun> runs = new ArrayList<>();

  /** Whether the staged record was appended, and so its runs are published. */
  boolean isAppended;

  /** What was admitted of the log, and reserved of the pages. */
  long logBytes;

  long pages;
  final OperationCounters counters;

  Operation(int index, OperationCounters counters) {
    super(index);
    this.counters = counters;
  }
}
