// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The changes of a batch with their tables resolved.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time.
 */
public final class ChangeList {
  private record Change(TableTree table, MemorySegment key, @Nullable MemorySegment value) {}

  private final List<Change> changes = new ArrayList<>();

  /** Creates an empty list. */
  public ChangeList() {}

  /**
   * Adds a change.
   *
   * @param table the table
   * @param key the key
   * @param value the value of a put, null for a delete
   */
  public void add(TableTree table, MemorySegment key, @Nullable MemorySegment value) {
    changes.add(new Change(table, key, value));
  }

  int size() {
    return changes.size();
  }

  /** Returns how many changes are puts. */
  int putCount() {
    int count = 0;
    for (Change change : changes) {
      count += change.value == null ? 0 : 1;
    }
    return count;
  }

  TableTree table(int index) {
    return changes.get(index).table;
  }

  MemorySegment key(int index) {
    return changes.get(index).key;
  }

  @Nullable MemorySegment value(int index) {
    return changes.get(index).value;
  }

  /** Returns the table whose tree is highest. */
  TableTree highestTable() {
    TableTree highest = changes.getFirst().table;
    for (Change change : changes) {
      if (change.table.tree().height() > highest.tree().height()) {
        highest = change.table;
      }
    }
    return highest;
  }
}
