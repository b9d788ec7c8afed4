// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.agent;

import org.jspecify.annotations.Nullable;

/**
 * A running agent, as {@link Execution#start} returns it. All methods may be called by any thread.
 */
public interface AgentHandle extends AutoCloseable {
  /**
   * Wakes the agent if it sleeps or is about to; one volatile read otherwise. To be called after
   * the work was published with at least volatile or release-then-full-fence strength.
   */
  void wake();

  /**
   * Returns what ended the agent before it was closed.
   *
   * @return the exception a duty cycle threw, or null while the agent is well
   */
  @Nullable Throwable failure();

  /** Ends the agent after its current duty cycle and waits for its thread. Idempotent. */
  @Override
  void close();
}
