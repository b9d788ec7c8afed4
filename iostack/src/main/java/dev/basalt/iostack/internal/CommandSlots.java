// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.internal;

/**
 * The slots of a queue pair's commands in flight: the tag of each, and the list of the free ones.
 * Subclasses add what their commands consist of.
 *
 * <p><b>Concurrency.</b> The queue pair's owner only.
 */
public class CommandSlots {
  private final long[] tags;
  private final int[] free;
  private int freeCount;

  /**
   * Creates the slots, all free.
   *
   * @param depth how many
   */
  protected CommandSlots(int depth) {
    tags = new long[depth];
    free = new int[depth];
    for (int i = depth - 1; i >= 0; i--) {
      free[freeCount++] = i;
    }
  }

  /**
   * Returns how many commands may be in flight.
   *
   * @return the number of slots
   */
  public final int depth() {
    return free.length;
  }

  /**
   * Returns how many commands are in flight.
   *
   * @return the number of slots taken
   */
  public final int inFlight() {
    return free.length - freeCount;
  }

  /**
   * Returns what a command was queued with.
   *
   * @param slot a slot
   * @return the tag, also for a while after the slot was released
   */
  public final long tag(int slot) {
    return tags[slot];
  }

  /**
   * Takes a slot.
   *
   * @param tag of its command
   * @return the slot, or -1 when there is none
   */
  protected final int tryTake(long tag) {
    if (freeCount == 0) {
      return -1;
    }
    int slot = free[--freeCount];
    tags[slot] = tag;
    return slot;
  }

  /**
   * Gives a slot back.
   *
   * @param slot whose command has ended
   */
  public void release(int slot) {
    free[freeCount++] = slot;
  }
}
