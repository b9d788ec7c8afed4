// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import dev.basalt.bufferpool.BufferPool;
import dev.basalt.index.BTree;
import dev.basalt.index.SearchKey;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Reads the values of many keys: those whose pages are in memory at once, the others after their
 * pages were asked for together, level by level of the tree. A page that is missing alone, and all
 * of them where a read waits for nothing, are read by this thread. Each key is read as by a get of
 * its own.
 *
 * <p><b>Concurrency.</b> All methods may be called by any thread, each with its own buffer.
 */
public final class GetTogether {
  /** More than the levels of a tree: inner nodes are mostly in memory. */
  private static final int ROUNDS_MAX = 16;

  private final OperationGate<Operation> gate;
  private final StoreFailure failure;
  private final BufferPool pool;
  private final LargeValues largeValues;

  GetTogether(
      OperationGate<Operation> gate,
      StoreFailure failure,
      BufferPool pool,
      LargeValues largeValues) {
    this.gate = gate;
    this.failure = failure;
    this.pool = pool;
    this.largeValues = largeValues;
  }

  /**
   * Reads the values of many keys.
   *
   * @param table the table
   * @param buffer the keys; takes the values
   * @return how many of them are there
   */
  public int read(TableTree table, GetBuffer buffer) {
    buffer.claim();
    try {
      return readInside(table, buffer);
    } finally {
      buffer.release();
    }
  }

  private int readInside(TableTree table, GetBuffer buffer) {
    Operation op = gate.enterReader();
    try {
      failure.check();
      op.counters.add(OperationCounters.GETS, buffer.count());
      return read(op, table.tree(), buffer);
    } catch (IOException e) {
      throw failure.translate(e);
    } finally {
      gate.exit(op);
    }
  }

  private int read(Operation op, BTree tree, GetBuffer buffer) throws IOException {
    buffer.begin();
    int pages = pool.missesMayWait() ? readPresent(op, tree, buffer) : 0;
    for (int round = 1; pages > 1 && round < ROUNDS_MAX; round++) {
      pool.beginReads(buffer.missing(), pages);
      pages = readPresent(op, tree, buffer);
    }
    int found = 0;
    for (int i = 0; i < buffer.count(); i++) {
      if (buffer.isPending(i)) {
        take(op, tree, buffer, i, tree.get(key(op, buffer, i), op.value));
      }
      found += buffer.isFound(i) ? 1 : 0;
    }
    return found;
  }

  /** Reads what is in memory; returns how many pages are missing for the rest, in order. */
  private int readPresent(Operation op, BTree tree, GetBuffer buffer) throws IOException {
    long[] missing = buffer.missing();
    int pages = 0;
    for (int i = 0; i < buffer.count(); i++) {
      if (buffer.isPending(i)) {
        long result = tree.tryGet(key(op, buffer, i), op.value);
        if (result == BTree.FOUND || result == BTree.ABSENT) {
          take(op, tree, buffer, i, result == BTree.FOUND);
        } else if (result != BTree.UNKNOWN) {
          missing[pages++] = result;
        }
      }
    }
    Arrays.sort(missing, 0, pages);
    return unique(missing, pages);
  }

  private static int unique(long[] sorted, int count) {
    int kept = 0;
    for (int i = 0; i < count; i++) {
      if (i == 0 || sorted[i] != sorted[i - 1]) {
        sorted[kept++] = sorted[i];
      }
    }
    return kept;
  }

  private static SearchKey key(Operation op, GetBuffer buffer, int index) {
    return op.key.set(buffer.keyAddress(index), buffer.keyLength(index));
  }

  private void take(Operation op, BTree tree, GetBuffer buffer, int index, boolean isFound)
      throws IOException {
    if (isFound && op.value.isReference()) {
      byte[] bytes = largeValues.bytes(tree, op.key, op.value);
      if (bytes == null) {
        buffer.setAbsent(index);
      } else {
        buffer.setValue(index, MemorySegment.ofArray(bytes));
      }
    } else if (isFound) {
      long address = op.value.address();
      buffer.setValue(index, EngineMemory.segment(address, op.value.lengthBytes()));
    } else {
      buffer.setAbsent(index);
    }
  }
}
