// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal.wal;

/**
 * What a log has done since it was opened, and how full it is.
 *
 * @param appendedBytes bytes of records
 * @param durableBytes bytes of them that are durable
 * @param groups how often the durable LSN has moved
 * @param writes write commands
 * @param writtenBytes bytes of them, blocks written again included
 * @param flushes flush commands
 * @param spaceWaits operations that had to wait for log space
 * @param usedBytes bytes between the redo point and the end of the log
 * @param capacityBytes the most there can be
 */
public record WalStatistics(
    long appendedBytes,
    long durableBytes,
    long groups,
    long writes,
    long writtenBytes,
    long flushes,
    long spaceWaits,
    long usedBytes,
    long capacityBytes) {}
