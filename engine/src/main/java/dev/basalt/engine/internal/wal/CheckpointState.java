// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

/**
 * Where recovery begins, as a superblock keeps it.
 *
 * @param redoLsn recovery reads the log from here; everything before it is in the pages
 * @param beginLsn where the newest checkpoint began; a page whose LSN is below needs an image in
 *     the log before it is changed
 * @param durableLsn up to where the log was durable when the superblock was written; a log that
 *     ends before it is damaged
 * @param epoch how often the store has been opened; records carry it
 * @param redoEpoch a record at the redo LSN of an older epoch is a ghost
 * @param commitSequence no commit before the redo LSN has a larger commit sequence
 * @param clean whether the store was closed in order: the log ends at the redo LSN
 */
public record CheckpointState(
    long redoLsn,
    long beginLsn,
    long durableLsn,
    int epoch,
    int redoEpoch,
    long commitSequence,
    boolean clean) {

  /**
   * Returns the state of a new store.
   *
   * @return an empty log at its first LSN
   */
  public static CheckpointState initial() {
    long lsn = LogRegion.LSN_FIRST;
    return new CheckpointState(lsn, lsn, lsn, 0, 0, 0, true);
  }

  /**
   * Returns the state at the begin of another life of the store.
   *
   * @param nextEpoch the life's epoch
   * @return the same state, not clean, in that epoch
   */
  public CheckpointState reopened(int nextEpoch) {
    return new CheckpointState(
        redoLsn, beginLsn, durableLsn, nextEpoch, redoEpoch, commitSequence, false);
  }

  /** Tells whether the numbers can be: in order, and within a ring's length of each other. */
  boolean isPlausible(long logBytes) {
    return redoLsn >= LogRegion.LSN_FIRST
        && redoLsn <= beginLsn
        && beginLsn <= durableLsn
        && durableLsn - redoLsn <= logBytes
        && Integer.compareUnsigned(redoEpoch, epoch) <= 0
        && commitSequence >= 0;
  }
}
