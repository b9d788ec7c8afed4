// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bufferpool.internal;

import dev.basalt.bufferpool.LogGate;
import dev.basalt.iostack.IoStack;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.agent.ParkingLot;

/**
 * What the parts of one pool share.
 *
 * @param region the memory
 * @param states the state words
 * @param latches the latches over them
 * @param resident the pages that have a frame
 * @param frames the frames that are free
 * @param order which pages leave first and last
 * @param cooling the pages marked last
 * @param lot where threads wait: for page ids under them, for others under negative keys
 * @param failure why the pool has failed, if it has
 * @param counters what was done
 * @param io the device
 * @param gate the log
 * @param execution the seam
 */
public record PoolParts(
    PageRegion region,
    PageStates states,
    PageLatches latches,
    ResidentSet resident,
    FrameReserve frames,
    EvictionOrder order,
    CoolingPages cooling,
    ParkingLot lot,
    PoolFailure failure,
    PoolCounters counters,
    IoStack io,
    LogGate gate,
    Execution execution) {
  /** Waiters for reads to begin park under this key; no page or request has it. */
  static final long READS_KEY = Long.MIN_VALUE;

  private static final int SAMPLE_SLOTS = 4096;

  /**
   * Builds the parts of a pool.
   *
   * @param region the memory, owned by the caller
   * @param frameCount the most pages in memory
   * @param io the device
   * @param gate the log
   * @param execution the seam
   * @return the parts, no page resident
   */
  public static PoolParts of(
      PageRegion region, int frameCount, IoStack io, LogGate gate, Execution execution) {
    PageStates states = new PageStates(region.wordsAddress());
    ParkingLot lot = new ParkingLot(execution);
    PoolFailure failure = new PoolFailure();
    PoolCounters counters = new PoolCounters();
    PageLatches latches = new PageLatches(states, lot, counters, execution);
    ResidentSet resident = new ResidentSet(frameCount);
    FrameReserve frames = new FrameReserve(resident, lot, failure);
    return new PoolParts(
        region,
        states,
        latches,
        resident,
        frames,
        new EvictionOrder(),
        new CoolingPages(),
        lot,
        failure,
        counters,
        io,
        gate,
        execution);
  }

  /**
   * Evicts a page whose content is not to be had or no longer needed.
   *
   * @param pageId the page, latched exclusively by the caller, with a frame and in the resident
   *     set; unlatched afterwards
   */
  public void abandon(long pageId) {
    int frame = region.frame(pageId);
    latches.evicted(pageId);
    frames.give(frame);
  }

  /**
   * Estimates how many pages are dirty, from some thousand slots of the resident set.
   *
   * @return the number in the sample, scaled up
   */
  public long dirtyEstimate() {
    int slotCount = resident.slotCount();
    int stride = (slotCount + SAMPLE_SLOTS - 1) / SAMPLE_SLOTS;
    long dirty = 0;
    for (int slot = 0; slot < slotCount; slot += stride) {
      long pageId = resident.slot(slot);
      if (pageId != ResidentSet.NONE && PageStates.isDirty(states.word(pageId))) {
        dirty++;
      }
    }
    return Math.min(dirty * stride, frames.frameCount());
  }

  /**
   * Fails the pool and ends the waits that this ends.
   *
   * @param cause what happened
   */
  public void fail(Throwable cause) {
    failure.fail(cause);
    frames.wakeAll();
    lot.wakeAll(READS_KEY);
  }
}
