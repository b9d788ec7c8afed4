// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

/**
 * Where a log ends, and what recovery must know of it.
 *
 * @param endLsn behind the last valid record
 * @param epoch epoch of the last valid record, or the least it could have
 * @param commitSequence the largest commit sequence there was, or the one the reader was given
 * @param recordCount valid records from the redo LSN to the end
 * @param reason why the next bytes are no record of this log
 */
public record LogEnd(
    long endLsn, int epoch, long commitSequence, long recordCount, String reason) {}
