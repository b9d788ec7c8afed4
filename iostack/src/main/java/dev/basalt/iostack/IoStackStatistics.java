// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

/**
 * What the pollers of an {@link IoStack} have done since its start. Commands of queue pairs that
 * were opened directly are not counted.
 *
 * @param reads read commands completed, vectored ones too
 * @param writes write commands completed, vectored ones too
 * @param others flush, deallocate and write zeroes commands completed
 * @param errors commands that completed with an error
 * @param batches times that commands were handed to the device together
 * @param sleeps times that a poller went to sleep
 * @param roomWaits times that a caller found all requests in use and waited
 */
public record IoStackStatistics(
    long reads, long writes, long others, long errors, long batches, long sleeps, long roomWaits) {
  /**
   * Adds two statistics.
   *
   * @param other what to add
   * @return the sum, number by number
   */
  public IoStackStatistics plus(IoStackStatistics other) {
    return new IoStackStatistics(
        reads + other.reads,
        writes + other.writes,
        others + other.others,
        errors + other.errors,
        batches + other.batches,
        sleeps + other.sleeps,
        roomWaits + other.roomWaits);
  }
}
