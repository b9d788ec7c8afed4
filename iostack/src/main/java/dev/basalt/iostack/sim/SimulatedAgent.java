// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.sim;

import dev.basalt.iostack.agent.Agent;
import dev.basalt.iostack.agent.AgentHandle;
import org.jspecify.annotations.Nullable;

/**
 * Runs one agent on one simulated thread. An idle agent sleeps for a short virtual time, then for
 * longer ones, so that it is stepped now and then even if nobody wakes it.
 *
 * <p><b>Concurrency.</b> All fields belong to the holder of the baton; {@code failure} may be read
 * after the run too.
 */
final class SimulatedAgent implements AgentHandle {
  private static final int IDLE_NANOS_MIN = 20_000;
  private static final int IDLE_NANOS_SPREAD = 60_000;
  private static final long IDLE_NANOS_MAX = 100_000_000;

  private final Simulation simulation;
  private final Agent agent;
  private @Nullable SimulatedThread thread;
  private boolean sleeping;
  private boolean closing;
  private volatile @Nullable Throwable failure;

  SimulatedAgent(Simulation simulation, Agent agent) {
    this.simulation = simulation;
    this.agent = agent;
  }

  void setThread(SimulatedThread runner) {
    thread = runner;
  }

  void run() {
    try {
      agent.onStart();
      work();
    } catch (SimulatedPowerCut e) {
      throw e;
    } catch (Throwable e) { // Whatever ends an agent must reach those who depend on it.
      failure = e;
      simulation.agentFailed(e);
    } finally {
      agent.onClose();
    }
  }

  private void work() {
    long idleNanos = 0;
    while (!closing) {
      if (agent.doWork() > 0) {
        idleNanos = 0;
        simulation.progress();
        simulation.interleave();
      } else {
        idleNanos =
            idleNanos == 0
                ? IDLE_NANOS_MIN + simulation.nextInt(IDLE_NANOS_SPREAD)
                : Math.min(2 * idleNanos, IDLE_NANOS_MAX);
        sleep(idleNanos);
      }
    }
  }

  private void sleep(long nanos) {
    sleeping = true;
    try {
      simulation.interleave();
      if (!closing && !agent.hasWork()) {
        agent.sleep(simulation, nanos);
      }
    } finally {
      sleeping = false;
    }
  }

  @Override
  public void wake() {
    SimulatedThread runner = thread;
    if (sleeping && runner != null) {
      agent.wake(simulation, runner.thread);
    }
  }

  @Override
  public @Nullable Throwable failure() {
    return failure;
  }

  @Override
  public void close() {
    closing = true;
    wake();
    SimulatedThread runner = thread;
    if (runner != null) {
      simulation.join(runner);
    }
  }
}
