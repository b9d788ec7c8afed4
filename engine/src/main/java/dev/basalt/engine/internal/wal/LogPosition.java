// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

/**
 * Where a life of the store begins to append.
 *
 * @param endLsn where the log ends
 * @param epoch the life's epoch, larger than that of any record
 * @param commitSequence the last commit sequence used before
 */
public record LogPosition(long endLsn, int epoch, long commitSequence) {}
