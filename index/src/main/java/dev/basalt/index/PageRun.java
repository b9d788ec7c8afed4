// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

/**
 * Pages allocated together by one structure record, for an overflow value or a part of a bulk load.
 * Pending until a later record publishes it; freed by recovery if none does.
 *
 * <p>Immutable, though the arrays are not copied: callers do not change them.
 *
 * @param lsn LSN of the record that allocated it, which its pages carry
 * @param firstPageIds first page of each extent
 * @param pageCounts pages of each extent
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record PageRun(long lsn, long[] firstPageIds, int[] pageCounts) {
  /**
   * Returns how many pages there are in all extents.
   *
   * @return the count
   */
  public long pageCount() {
    long sum = 0;
    for (int count : pageCounts) {
      sum += count;
    }
    return sum;
  }
}
