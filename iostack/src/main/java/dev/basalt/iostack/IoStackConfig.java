// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

/**
 * How an {@link IoStack} is built.
 *
 * @param pollerCount poller threads, each with one queue pair, 1 to {@link #POLLER_COUNT_MAX}
 * @param queueDepth the most commands in flight of each poller, 1 or more; the device's limit holds
 *     too
 * @param ringSize the most blocked callers of each poller, a power of two from 1 to {@link
 *     #RING_SIZE_MAX}; further callers wait for room
 * @param callerReads whether threads read by themselves where the device allows it ({@link
 *     BlockReader}) and that is cheaper than a poller; false sends every call to the pollers
 */
public record IoStackConfig(int pollerCount, int queueDepth, int ringSize, boolean callerReads) {
  /** The most pollers. */
  public static final int POLLER_COUNT_MAX = 64;

  /** The most requests of one poller. */
  public static final int RING_SIZE_MAX = 1 << 15;

  /** Checks the limits. */
  public IoStackConfig {
    check("pollerCount", pollerCount, POLLER_COUNT_MAX);
    check("queueDepth", queueDepth, Integer.MAX_VALUE);
    check("ringSize", ringSize, RING_SIZE_MAX);
    if (Integer.bitCount(ringSize) != 1) {
      throw new IllegalArgumentException("ringSize is " + ringSize + ", needed: a power of two");
    }
  }

  /**
   * As the other, with reads by callers where they are cheaper.
   *
   * @param pollerCount poller threads
   * @param queueDepth the most commands in flight of each poller
   * @param ringSize the most blocked callers of each poller
   */
  public IoStackConfig(int pollerCount, int queueDepth, int ringSize) {
    this(pollerCount, queueDepth, ringSize, true);
  }

  /**
   * Returns one poller, depth 128 and 16,384 requests.
   *
   * @return the configuration
   */
  public static IoStackConfig defaults() {
    return new IoStackConfig(1, 128, 1 << 14);
  }

  private static void check(String name, int value, int limit) {
    if (value < 1 || value > limit) {
      throw new IllegalArgumentException(name + " is " + value + ", needed: 1 to " + limit);
    }
  }
}
