// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench.micro;

import dev.basalt.iostack.agent.Agent;
import dev.basalt.iostack.agent.AgentHandle;
import dev.basalt.iostack.agent.Execution;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Gives agents no threads: the benchmark runs their duty cycles, so that it measures these and
 * nothing else. Waits and time are those of production.
 *
 * <p><b>Concurrency.</b> Agents are started and closed, and their duty cycles run, by one thread.
 */
final class SteppedAgents implements Execution {
  private final Map<String, Agent> agents = new HashMap<>();

  /** Returns the agent that was started under a name. */
  Agent agent(String name) {
    return Objects.requireNonNull(agents.get(name), name);
  }

  @Override
  public AgentHandle start(String name, Agent agent) {
    agents.put(name, agent);
    agent.onStart();
    return new Handle(agent);
  }

  @Override
  public long nanoTime() {
    return Execution.threads().nanoTime();
  }

  @Override
  public void park(Object blocker) {
    Execution.threads().park(blocker);
  }

  @Override
  public void parkNanos(Object blocker, long nanos) {
    Execution.threads().parkNanos(blocker, nanos);
  }

  @Override
  public void unpark(Thread thread) {
    Execution.threads().unpark(thread);
  }

  @Override
  public boolean trySpin(int attempt) {
    return Execution.threads().trySpin(attempt);
  }

  /** An agent that is never asleep. */
  private static final class Handle implements AgentHandle {
    private @Nullable Agent agent;

    Handle(Agent agent) {
      this.agent = agent;
    }

    @Override
    public void wake() {}

    @Override
    public @Nullable Throwable failure() {
      return null;
    }

    @Override
    public void close() {
      Agent running = agent;
      agent = null;
      if (running != null) {
        running.onClose();
      }
    }
  }
}
