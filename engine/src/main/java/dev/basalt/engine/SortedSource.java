// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import java.lang.foreign.MemorySegment;

/**
 * Entries in strictly ascending key order, for {@link Table#bulkLoad}.
 *
 * <p><b>Concurrency.</b> Called by the thread that loads.
 */
public interface SortedSource {
  /**
   * Moves to the next entry.
   *
   * @return false when there is none
   */
  boolean next();

  /**
   * Returns the key of the entry.
   *
   * @return memory that stays as it is until the next call of {@link #next}
   */
  MemorySegment key();

  /**
   * Returns the value of the entry.
   *
   * @return memory that stays as it is until the next call of {@link #next}
   */
  MemorySegment value();
}
