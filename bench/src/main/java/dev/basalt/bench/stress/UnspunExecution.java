// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench.stress;

import dev.basalt.iostack.agent.Agent;
import dev.basalt.iostack.agent.AgentHandle;
import dev.basalt.iostack.agent.Execution;

/** The production seam without its spinning, so that each wait goes through the protocol. */
final class UnspunExecution implements Execution {
  private static final Execution THREADS = Execution.threads();

  @Override
  public long nanoTime() {
    return THREADS.nanoTime();
  }

  @Override
  public void park(Object blocker) {
    THREADS.park(blocker);
  }

  @Override
  public void parkNanos(Object blocker, long nanos) {
    THREADS.parkNanos(blocker, nanos);
  }

  @Override
  public void unpark(Thread thread) {
    THREADS.unpark(thread);
  }

  @Override
  public boolean trySpin(int attempt) {
    return false;
  }

  @Override
  public AgentHandle start(String name, Agent agent) {
    return THREADS.start(name, agent);
  }
}
