// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.sim;

import dev.basalt.iostack.agent.Agent;
import dev.basalt.iostack.agent.AgentHandle;
import dev.basalt.iostack.agent.Execution;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Runs clients and agents in virtual time, one at a time, in an order chosen by a seed.
 *
 * <p>Each client and agent is a virtual thread, but only the one that holds the baton runs. Each
 * wait hands it on: the seed picks the next among those that can run; when none can, time jumps to
 * the earliest deadline; when there is none either, or only idle agents have run for {@link
 * #IDLE_NANOS_MAX}, the run fails with a report of who waits for what. The same seed gives the same
 * order, and so the same {@link #traceHash}, as long as the code under test asks nothing but this
 * seam: no clock, no identity hash, no thread id, no iteration over a hash map of such.
 *
 * <p>A power cut ends all threads: {@link SimulatedPowerCut} leaves every wait, and again every
 * wait of a {@code finally} block on the way out. The threads end one after the other, those added
 * last first; so who has opened something and started its agents may free the memory that they use.
 * The same happens after a client has thrown.
 *
 * <p>An instance runs once. Several may run at the same time, each in its own world.
 *
 * <p><b>Concurrency.</b> The scheduler's state belongs to the holder of the baton. {@code holder}
 * is volatile: the write that hands the baton on releases all that its writer has done, the read
 * that ends the wait for it acquires that. {@link #run} waits on the caller's thread, which is not
 * part of the simulation and must not call anything that waits.
 */
public final class Simulation implements Execution {
  /** The virtual time after which a run with idle agents and waiting clients has deadlocked. */
  public static final long IDLE_NANOS_MAX = 10_000_000_000L;

  private static final long STEP_NANOS = 200;
  private static final long STEP_COUNT_MAX = 10_000_000;
  private static final int CUT_COUNT_MAX = 1_000;
  private static final long STEP_REAL_NANOS_MAX = 60_000_000_000L;
  private static final int REPORT_FRAMES_MAX = 12;
  private static final long HASH_PRIME = 0x9E3779B97F4A7C15L;

  private final long seed;
  private final SplittableRandom schedule;
  private final Random random;

  private final List<SimulatedThread> alive = new ArrayList<>();
  private final List<SimulatedThread> runnable = new ArrayList<>();
  private final PriorityQueue<SimulatedThread> timed = new PriorityQueue<>();
  private final Map<Thread, SimulatedThread> byThread = new HashMap<>();
  private int idNext;
  private int clientCount;
  private long now;
  private volatile long steps;
  private long progressNanos;
  private long hash;

  private volatile @Nullable SimulatedThread holder;
  private volatile boolean isStopping;
  private volatile boolean isPowerCut;
  private volatile boolean isOver;
  private volatile @Nullable Thread starter;
  private @Nullable SimulationFailure failure;
  private @Nullable Throwable agentFailure;

  /**
   * Creates a simulation without threads.
   *
   * @param seed decides everything
   */
  public Simulation(long seed) {
    this.seed = seed;
    schedule = new SplittableRandom(seed);
    random = new Random(schedule.nextLong());
    hash = seed;
  }

  /**
   * Adds a client; before the run, or by one of the simulation's threads during it.
   *
   * @param name for reports
   * @param body what it does; an exception fails the run
   * @return the client, to wait for its end
   */
  public SimulatedClient client(String name, SimulatedBody body) {
    clientCount++;
    return new SimulatedClient(this, add(name, false, body));
  }

  /**
   * Runs until all clients have ended or the power is cut.
   *
   * @throws SimulationFailure when a client has thrown (its cause), on a deadlock, when agents are
   *     left that nobody has closed, or when there seems to be no end
   */
  public void run() {
    if (starter != null) {
      throw new IllegalStateException("a simulation runs once");
    }
    starter = Thread.currentThread();
    if (!alive.isEmpty()) {
      handOn();
      awaitEnd();
    }
    SimulationFailure reason = failure;
    if (reason != null) {
      throw reason;
    }
  }

  /**
   * Returns the seeded source of randomness for clients.
   *
   * @return used by the holder of the baton only
   */
  public Random random() {
    return random;
  }

  /**
   * Returns the seed.
   *
   * @return the seed
   */
  public long seed() {
    return seed;
  }

  /**
   * Returns a hash of everything that was traced: every scheduling decision with its time, each
   * device command, and what clients add.
   *
   * @return the same for the same seed
   */
  public long traceHash() {
    return hash;
  }

  /**
   * Returns how many scheduling decisions were made.
   *
   * @return the count
   */
  public long stepCount() {
    return steps;
  }

  /**
   * Adds to the trace.
   *
   * @param a a number
   * @param b a number
   */
  public void trace(long a, long b) {
    long mixed = (hash ^ a) * HASH_PRIME;
    hash = (Long.rotateLeft(mixed, 29) ^ b) * HASH_PRIME;
  }

  /**
   * Tells whether the run was ended by a power cut.
   *
   * @return true from the cut on
   */
  public boolean powerCut() {
    return isPowerCut;
  }

  /**
   * Cuts the power: ends all threads, the calling one at once.
   *
   * @throws SimulatedPowerCut always, when called by one of the simulation's threads
   */
  public void cutPower() {
    SimulatedThread self = self("cutPower");
    isPowerCut |= !isStopping;
    isStopping = true;
    throw cut(self);
  }

  /**
   * Tells whether threads are being ended, for whatever reason.
   *
   * @return true from the power cut or the first failure on
   */
  boolean isStopping() {
    return isStopping;
  }

  @Override
  public long nanoTime() {
    return now;
  }

  @Override
  public void park(Object blocker) {
    SimulatedThread self = self("park");
    if (isStopping) {
      throw cut(self);
    }
    if (self.hasPermit) {
      self.hasPermit = false;
      return;
    }
    self.isParked = true;
    self.blocker = blocker;
    yieldBaton(self);
  }

  @Override
  public void parkNanos(Object blocker, long nanos) {
    SimulatedThread self = self("parkNanos");
    if (isStopping) {
      throw cut(self);
    }
    if (nanos <= 0 || self.hasPermit) {
      self.hasPermit = false;
      interleave();
      return;
    }
    self.isParked = true;
    self.blocker = blocker;
    self.deadline = now + Math.min(nanos, Long.MAX_VALUE / 2 - now);
    timed.add(self);
    yieldBaton(self);
  }

  @Override
  public void unpark(Thread thread) {
    SimulatedThread target = byThread.get(thread);
    if (target == null) {
      return; // has ended
    }
    if (target.isParked) {
      if (target.deadline != SimulatedThread.NO_DEADLINE) {
        timed.remove(target);
      }
      makeRunnable(target);
    } else {
      target.hasPermit = true;
    }
  }

  @Override
  public boolean trySpin(int attempt) {
    return false;
  }

  @Override
  public void interleave() {
    SimulatedThread self = holder;
    if (self == null || !self.thread.equals(Thread.currentThread())) {
      return; // setting up, outside the run
    }
    if (isStopping) {
      throw cut(self);
    }
    runnable.add(self);
    yieldBaton(self);
  }

  @Override
  public AgentHandle start(String name, Agent agent) {
    SimulatedAgent runner = new SimulatedAgent(this, agent);
    runner.setThread(add(name, true, runner::run));
    return runner;
  }

  /** Notes that an agent has done something, so the simulation is not idle. */
  void progress() {
    progressNanos = now;
  }

  /**
   * Notes what has ended an agent. A broken invariant ends the run; the rest is for the agent's
   * owner to notice, and the cause of what goes wrong if that fails.
   */
  void agentFailed(Throwable reason) {
    if (agentFailure == null) {
      agentFailure = reason;
    }
    if (reason instanceof AssertionError && !isStopping) {
      stop("an agent broke an invariant", reason);
    }
  }

  /** Draws a number for the simulation's own use, from 0 to {@code bound} - 1. */
  int nextInt(int bound) {
    return schedule.nextInt(bound);
  }

  /** Waits until a thread has ended. */
  void join(SimulatedThread thread) {
    while (!thread.isDone && !isOver) {
      thread.joiners.add(self("join"));
      park(thread.name);
    }
  }

  private SimulatedThread add(String name, boolean isAgent, SimulatedBody body) {
    if (isOver) {
      throw new IllegalStateException("the simulation has ended");
    }
    SimulatedThread[] self = new SimulatedThread[1];
    self[0] = new SimulatedThread(idNext++, name, isAgent, () -> live(self[0], body));
    alive.add(self[0]);
    runnable.add(self[0]);
    byThread.put(self[0].thread, self[0]);
    return self[0];
  }

  /** The life of a simulated thread: started with the baton, it ends by handing it on. */
  private void live(SimulatedThread self, SimulatedBody body) {
    try {
      body.run();
    } catch (SimulatedPowerCut _) {
      // This is how threads end after a power cut.
    } catch (Throwable e) { // Whatever ends a client ends the simulation.
      if (!isStopping) {
        stop(self.name + " failed", e);
      }
    } finally {
      end(self);
    }
  }

  private void end(SimulatedThread self) {
    self.isDone = true;
    alive.remove(self);
    byThread.remove(self.thread);
    if (!self.isAgent) {
      clientCount--;
    }
    for (SimulatedThread joiner : self.joiners) {
      unpark(joiner.thread);
    }
    if (clientCount == 0 && !alive.isEmpty() && !isStopping) {
      stop("agents were not closed:\n" + report(), null);
    }
    handOn();
  }

  /** Hands the baton on for good. */
  private void handOn() {
    SimulatedThread next = isStopping || alive.isEmpty() ? null : next();
    if (isStopping) {
      alive.removeIf(thread -> !thread.isStarted);
      next = alive.isEmpty() ? null : alive.getLast();
    }
    if (next != null) {
      handTo(next);
      return;
    }
    isOver = true;
    holder = null;
    LockSupport.unpark(starter);
  }

  /** Lets another thread run, or this one again, and returns when it is this one's turn. */
  private void yieldBaton(SimulatedThread self) {
    SimulatedThread next = next();
    if (next != null && next != self) {
      handTo(next);
      awaitBaton(self);
    }
    if (isStopping) {
      throw cut(self);
    }
  }

  /** Lets the threads that were added after this one end before it does. */
  private void awaitTurnToEnd(SimulatedThread self) {
    alive.removeIf(thread -> !thread.isStarted);
    SimulatedThread last = alive.getLast();
    if (last != self) {
      handTo(last);
      awaitBaton(self);
    }
  }

  private void handTo(SimulatedThread next) {
    holder = next;
    if (next.isStarted) {
      LockSupport.unpark(next.thread);
    } else {
      next.isStarted = true;
      next.thread.start();
    }
  }

  private void awaitBaton(SimulatedThread self) {
    boolean interrupted = false;
    while (holder != self) {
      LockSupport.park(this);
      interrupted |= Thread.interrupted();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits on the caller's thread, and watches in real time that the simulation goes on. */
  private void awaitEnd() {
    long stepsSeen = steps;
    long seenNanos = System.nanoTime();
    while (!isOver) {
      LockSupport.parkNanos(this, STEP_REAL_NANOS_MAX);
      long stepsNow = steps;
      if (stepsNow != stepsSeen) {
        stepsSeen = stepsNow;
        seenNanos = System.nanoTime();
      }
      boolean isStuck = System.nanoTime() - seenNanos >= STEP_REAL_NANOS_MAX;
      if (!isOver && (isStuck || Thread.currentThread().isInterrupted())) {
        throw stuck(
            isStuck ? "no step for a minute, does it block by other means?" : "interrupted");
      }
    }
  }

  /** Reports the holder of the baton, which this thread is not: by all that is known of it. */
  private SimulationFailure stuck(String reason) {
    SimulatedThread stuck = holder;
    StringBuilder text = new StringBuilder("seed " + seed + ": " + reason + '\n');
    if (stuck != null) {
      text.append("  ").append(stuck.name).append('\n');
      for (StackTraceElement frame : stuck.thread.getStackTrace()) {
        text.append("      at ").append(frame).append('\n');
      }
    }
    return new SimulationFailure(text.toString(), null);
  }

  /** Chooses who runs next; returns null when the simulation is to stop. */
  private @Nullable SimulatedThread next() {
    now += STEP_NANOS;
    long stepCount = steps + 1;
    steps = stepCount;
    expire();
    if (runnable.isEmpty() && !timed.isEmpty()) {
      now = timed.element().deadline;
      expire();
    }
    if (runnable.isEmpty()) {
      stop("deadlock, every thread waits for ever:\n" + report(), null);
      return null;
    }
    if (stepCount > STEP_COUNT_MAX) {
      stop("no end after " + stepCount + " steps:\n" + report(), null);
      return null;
    }
    if (now - progressNanos > IDLE_NANOS_MAX && !clientMayRun()) {
      stop("deadlock, only idle agents run:\n" + report(), null);
      return null;
    }
    int index = schedule.nextInt(runnable.size());
    SimulatedThread last = runnable.removeLast();
    SimulatedThread chosen = index == runnable.size() ? last : runnable.set(index, last);
    if (!chosen.isAgent) {
      progressNanos = now;
    }
    trace(chosen.id, now);
    return chosen;
  }

  private void expire() {
    while (!timed.isEmpty() && timed.element().deadline <= now) {
      makeRunnable(timed.remove());
    }
  }

  private void makeRunnable(SimulatedThread thread) {
    thread.isParked = false;
    thread.deadline = SimulatedThread.NO_DEADLINE;
    thread.blocker = null;
    runnable.add(thread);
  }

  /** Tells whether any client can run now or at some time without being woken. */
  private boolean clientMayRun() {
    for (SimulatedThread thread : alive) {
      boolean waits = thread.isParked && thread.deadline == SimulatedThread.NO_DEADLINE;
      if (!thread.isAgent && !waits) {
        return true;
      }
    }
    return false;
  }

  private void stop(String reason, @Nullable Throwable cause) {
    if (failure == null) {
      Throwable root = cause == null ? agentFailure : cause;
      failure = new SimulationFailure("seed " + seed + ", " + now + " ns: " + reason, root);
    }
    isStopping = true;
  }

  private String report() {
    StringBuilder text = new StringBuilder();
    for (SimulatedThread thread : alive) {
      text.append(thread.report(now, REPORT_FRAMES_MAX));
    }
    return text.toString();
  }

  private SimulatedThread self(String call) {
    SimulatedThread self = holder;
    if (self == null || !self.thread.equals(Thread.currentThread())) {
      throw new IllegalStateException(
          call
              + " by "
              + Thread.currentThread()
              + ", which is no thread of the running simulation");
    }
    return self;
  }

  /** Returns what ends a thread. A thread that refuses to end is left behind. */
  private SimulatedPowerCut cut(SimulatedThread self) {
    self.isParked = false;
    if (self.cutCount == 0) {
      awaitTurnToEnd(self);
    }
    if (++self.cutCount > CUT_COUNT_MAX) {
      stop(self.name + " does not end:\n" + self.report(now, REPORT_FRAMES_MAX), null);
      end(self);
      while (true) {
        LockSupport.park(this);
      }
    }
    return new SimulatedPowerCut();
  }
}
