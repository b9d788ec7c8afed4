// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

/**
 * What became of leaves that were about to be evicted since the store was opened.
 *
 * @param sparseLeaves leaves that were looked at and found sparse
 * @param merges pages that merges saved
 * @param moves how often records went from one leaf to the next on the way there
 * @param givenUp merges that were begun and saved nothing: somebody was in the way, or the records
 *     were too large to fill pages
 */
public record MergeStatistics(long sparseLeaves, long merges, long moves, long givenUp) {}
