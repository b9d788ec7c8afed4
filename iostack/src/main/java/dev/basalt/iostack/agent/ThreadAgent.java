// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.agent;

import java.lang.System.Logger.Level;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Runs one agent on one platform daemon thread: some tens of empty duty cycles, then sleep.
 *
 * <p><b>Concurrency.</b> {@code sleeping} is the Dekker flag of {@link Agent}: the runner writes
 * true (volatile) and then reads {@code hasWork}; a producer publishes its work and then reads
 * {@code sleeping} (volatile). Both orders are sequentially consistent, so at least one sees the
 * other.
 */
final class ThreadAgent implements AgentHandle, Runnable {
  private static final System.Logger LOGGER = System.getLogger(ThreadAgent.class.getName());
  private static final int EMPTY_CYCLES_MAX = 40;
  private static final long SLEEP_NANOS_MAX = 100_000_000;

  private final Execution execution;
  private final Agent agent;
  private @Nullable Thread thread;
  private volatile boolean sleeping;
  private volatile boolean closing;
  private volatile @Nullable Throwable failure;

  ThreadAgent(Execution execution, Agent agent) {
    this.execution = execution;
    this.agent = agent;
  }

  void start(String name) {
    thread = Thread.ofPlatform().daemon().name(name).unstarted(this);
    thread.start();
  }

  @Override
  public void run() {
    try {
      agent.onStart();
      int emptyCycles = 0;
      while (!closing) {
        emptyCycles = agent.doWork() > 0 ? 0 : emptyCycles + 1;
        if (emptyCycles > EMPTY_CYCLES_MAX) {
          sleep();
          emptyCycles = 0;
        } else if (emptyCycles > 0) {
          Thread.onSpinWait();
        }
      }
    } catch (Throwable e) { // Whatever ends an agent must reach those who depend on it.
      failure = e;
      LOGGER.log(Level.ERROR, "agent " + Thread.currentThread().getName() + " failed", e);
    } finally {
      agent.onClose();
    }
  }

  private void sleep() {
    sleeping = true;
    try {
      if (!closing && !agent.hasWork()) {
        agent.sleep(execution, SLEEP_NANOS_MAX);
      }
    } finally {
      sleeping = false;
    }
  }

  @Override
  public void wake() {
    if (sleeping) {
      agent.wake(execution, Objects.requireNonNull(thread));
    }
  }

  @Override
  public @Nullable Throwable failure() {
    return failure;
  }

  @Override
  public void close() {
    closing = true;
    Thread runner = Objects.requireNonNull(thread);
    boolean interrupted = false;
    while (runner.isAlive()) {
      wake();
      try {
        runner.join(10);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
