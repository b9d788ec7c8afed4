// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.agent;

/**
 * A background activity without a thread: a poller, the page provider, the log writer, the
 * checkpointer.
 *
 * <p>{@link Execution#start} gives it one. All methods but {@link #hasWork} and {@link #wake} are
 * called by that one thread. A duty cycle may wait only through its {@link Execution}.
 *
 * <p>Sleeping is announced before it happens: the runner publishes that the agent is about to
 * sleep, asks {@link #hasWork} once more, and only then calls {@link #sleep}. A producer publishes
 * its work first and calls {@link AgentHandle#wake} afterwards; so one of the two always sees the
 * other, and no wake-up is lost.
 */
public interface Agent {
  /**
   * Runs one duty cycle.
   *
   * @return the number of things done; 0 when there was nothing to do
   */
  int doWork();

  /**
   * Tells whether a duty cycle would find something to do. Called on the agent's thread after it
   * has announced that it is about to sleep.
   *
   * @return true when the agent must not sleep
   */
  boolean hasWork();

  /**
   * Sleeps until woken, until a device event that the agent waits for, or for about the given time.
   * May return early for no reason.
   *
   * @param execution the seam to wait through
   * @param nanos the longest sleep in nanoseconds, above 0
   */
  default void sleep(Execution execution, long nanos) {
    execution.parkNanos(this, nanos);
  }

  /**
   * Ends the agent's sleep. Called by any thread, only while the agent has announced a sleep.
   *
   * @param execution the seam the agent sleeps through
   * @param thread the agent's thread
   */
  default void wake(Execution execution, Thread thread) {
    execution.unpark(thread);
  }

  /** Called once on the agent's thread before the first duty cycle. */
  default void onStart() {}

  /** Called once on the agent's thread after the last duty cycle, also after a failed one. */
  default void onClose() {}
}
