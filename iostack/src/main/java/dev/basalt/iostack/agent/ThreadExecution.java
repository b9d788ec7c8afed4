// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.agent;

import java.util.concurrent.locks.LockSupport;

/** The production seam: platform threads for agents, {@code LockSupport} for waits. */
final class ThreadExecution implements Execution {
  static final ThreadExecution INSTANCE = new ThreadExecution();

  /** Spinning pays only while the other thread runs; on two busy cores it rarely does (facts). */
  private static final int SPIN_COUNT_MAX = 40;

  /** A virtual thread parks for about a microsecond, and its carrier has others to run. */
  private static final int VIRTUAL_SPIN_COUNT_MAX = 4;

  private ThreadExecution() {}

  @Override
  public long nanoTime() {
    return System.nanoTime();
  }

  @Override
  public void park(Object blocker) {
    LockSupport.park(blocker);
  }

  @Override
  public void parkNanos(Object blocker, long nanos) {
    LockSupport.parkNanos(blocker, nanos);
  }

  @Override
  public void unpark(Thread thread) {
    LockSupport.unpark(thread);
  }

  @Override
  public boolean trySpin(int attempt) {
    boolean isVirtual = Thread.currentThread().isVirtual();
    if (attempt >= (isVirtual ? VIRTUAL_SPIN_COUNT_MAX : SPIN_COUNT_MAX)) {
      return false;
    }
    Thread.onSpinWait();
    return true;
  }

  @Override
  public AgentHandle start(String name, Agent agent) {
    ThreadAgent runner = new ThreadAgent(this, agent);
    runner.start(name);
    return runner;
  }
}
