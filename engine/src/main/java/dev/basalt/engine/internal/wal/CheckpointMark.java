// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

/**
 * A checkpoint that has begun. Its pages are those dirty now; once they are written and the device
 * is flushed, {@link Wal#completeCheckpoint} makes it the one recovery begins with.
 *
 * @param beginLsn the end of the log when it began; the image horizon from now on
 * @param redoLsn where recovery will begin: the begin, or before it the first entry in flight
 * @param commitSequence the last commit sequence used before the begin
 */
public record CheckpointMark(long beginLsn, long redoLsn, long commitSequence) {}
