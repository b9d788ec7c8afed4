// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.sim;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One thread of a simulation, a virtual one, with the state the scheduler keeps of it. Accessed by
 * the holder of the baton only.
 */
final class SimulatedThread implements Comparable<SimulatedThread> {
  static final long NO_DEADLINE = Long.MAX_VALUE;

  final int id;
  final String name;
  final boolean isAgent;
  final Thread thread;

  boolean isStarted;
  boolean isDone;
  boolean isParked;
  boolean hasPermit;
  boolean wasInterrupted;
  long deadline = NO_DEADLINE;
  int cutCount;
  @Nullable Object blocker;
  final List<SimulatedThread> joiners = new ArrayList<>();

  SimulatedThread(int id, String name, boolean isAgent, Runnable body) {
    this.id = id;
    this.name = name;
    this.isAgent = isAgent;
    thread = Thread.ofVirtual().name(name).unstarted(body);
  }

  /** By deadline, then by id, so that the order never depends on chance. */
  @Override
  public int compareTo(SimulatedThread other) {
    int order = Long.compare(deadline, other.deadline);
    return order != 0 ? order : Integer.compare(id, other.id);
  }

  /** Describes what the thread is doing, with the top of its stack. */
  String report(long now, int frameCountMax) {
    StringBuilder text = new StringBuilder("  ").append(name).append(": ");
    if (!isStarted) {
      return text.append("not started\n").toString();
    }
    text.append(isParked ? "waits for " + blocker : "can run");
    if (deadline != NO_DEADLINE) {
      text.append(", for another ").append(deadline - now).append(" ns");
    }
    text.append('\n');
    int frames = 0;
    for (StackTraceElement frame : thread.getStackTrace()) {
      boolean isOurs = frame.getClassName().startsWith("dev.basalt.iostack.sim.Simulation");
      if (!isOurs && !frame.getClassName().startsWith("java.") && frames++ < frameCountMax) {
        text.append("      at ").append(frame).append('\n');
      }
    }
    return text.toString();
  }
}
