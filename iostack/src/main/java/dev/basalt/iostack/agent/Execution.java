// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.agent;

/**
 * How threads run, wait and tell time: the seam between Basalt and the scheduler.
 *
 * <p>Every wait of a caller (for a completion, a latch, a free frame, log durability,
 * back-pressure) and every agent goes through one instance. {@link #threads()} is the production
 * one. The simulation's lets exactly one thread run at a time and chooses the next one by its seed,
 * so that the same seed gives the same trace. Nothing in Basalt reads a clock, draws a random
 * number, starts a thread or parks by other means.
 *
 * <p><b>Concurrency.</b> All methods may be called by any thread. {@link #park} and {@link #unpark}
 * have the meaning of {@link java.util.concurrent.locks.LockSupport}: one permit per thread, and a
 * park may return for no reason, so callers re-check their condition in a loop. Code that runs
 * under the simulation must never block by other means while it holds the baton; a short
 * uncontended {@code synchronized} without a wait inside is allowed.
 */
public interface Execution {
  /**
   * Returns the production instance: platform threads for agents, {@code LockSupport} for waits.
   *
   * @return the one instance
   */
  static Execution threads() {
    return ThreadExecution.INSTANCE;
  }

  /**
   * Returns the current time of a monotonic clock with an arbitrary origin.
   *
   * @return nanoseconds; virtual ones in simulation
   */
  long nanoTime();

  /**
   * Blocks the calling thread until its permit is available. May return early for no reason.
   *
   * @param blocker what the thread waits for, for thread dumps
   */
  void park(Object blocker);

  /**
   * As {@link #park}, but for a limited time.
   *
   * @param blocker what the thread waits for, for thread dumps
   * @param nanos the longest wait in nanoseconds; 0 or less returns at once
   */
  void parkNanos(Object blocker, long nanos);

  /**
   * Makes the permit of a thread available.
   *
   * @param thread the thread to let go on
   */
  void unpark(Thread thread);

  /**
   * Spins once while waiting for something another thread is about to do.
   *
   * @param attempt how many times the caller has spun in this wait, from 0
   * @return false when the caller should park instead; always false in simulation
   */
  boolean trySpin(int attempt);

  /**
   * Marks a place where the simulation may let another thread run. Does nothing in production. To
   * be placed where an interleaving matters and no wait is near, never inside a latch that others
   * wait for by other means than this seam.
   */
  default void interleave() {}

  /**
   * Starts an agent on a thread of its own.
   *
   * @param name the thread's name, such as {@code io-poller-0}
   * @param agent the agent
   * @return the handle that wakes and closes it
   */
  AgentHandle start(String name, Agent agent);
}
