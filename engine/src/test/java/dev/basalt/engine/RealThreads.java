// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import dev.basalt.iostack.agent.Agent;
import dev.basalt.iostack.agent.AgentHandle;
import dev.basalt.iostack.agent.Execution;

/** Threads as in production, for tests that change something about them. */
class RealThreads implements Execution {
  private final Execution threads = Execution.threads();

  @Override
  public long nanoTime() {
    return threads.nanoTime();
  }

  @Override
  public void park(Object blocker) {
    threads.park(blocker);
  }

  @Override
  public void parkNanos(Object blocker, long nanos) {
    threads.parkNanos(blocker, nanos);
  }

  @Override
  public void unpark(Thread thread) {
    threads.unpark(thread);
  }

  @Override
  public boolean trySpin(int attempt) {
    return threads.trySpin(attempt);
  }

  @Override
  public AgentHandle start(String name, Agent agent) {
    return threads.start(name, agent);
  }
}
