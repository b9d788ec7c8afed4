// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import dev.basalt.engine.EngineSimulation.Bug;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Runs the engine's simulation for many seeds, on as many threads as there are cores, up to the
 * first failure. As a program it is started by {@code scripts/simulate}.
 */
final class SimulationRuns {
  private final Bug bug;
  private final Consumer<String> report;
  private final SimulationCoverage coverage = new SimulationCoverage();
  private final AtomicLong next = new AtomicLong();
  private final AtomicLong failed = new AtomicLong(Long.MAX_VALUE);

  /**
   * Creates runs.
   *
   * @param bug which rule is broken
   * @param report gets a text for each failure, its first line a command that reproduces it
   */
  SimulationRuns(Bug bug, Consumer<String> report) {
    this.bug = bug;
    this.report = report;
  }

  /** Runs seeds; returns the first one that failed, or -1. Called once. */
  long run(long start, long count) {
    next.set(start);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < Runtime.getRuntime().availableProcessors(); i++) {
      threads.add(Thread.ofPlatform().start(() -> runUpTo(start + count)));
    }
    for (Thread thread : threads) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
    return failed.get() == Long.MAX_VALUE ? -1 : failed.get();
  }

  /** Returns what the runs have met. */
  SimulationCoverage coverage() {
    return coverage;
  }

  private void runUpTo(long limit) {
    for (long seed = next.getAndIncrement();
        seed < limit && failed.get() == Long.MAX_VALUE;
        seed = next.getAndIncrement()) {
      try {
        new EngineSimulation(seed, bug, coverage).run();
      } catch (Throwable e) { // Whatever a seed ends with must be reported with the seed.
        failed.accumulateAndGet(seed, Math::min);
        report.accept(describe(seed, e));
      }
    }
  }

  private String describe(long seed, Throwable e) {
    StringWriter text = new StringWriter();
    e.printStackTrace(new PrintWriter(text));
    return "reproduce: scripts/simulate --seeds 1 --start %d --bug %s%n%s"
        .formatted(seed, bug, text);
  }

  /**
   * Runs seeds and prints what they met; exits with 1 when one fails.
   *
   * @param arguments {@code --seeds N}, {@code --start S}, {@code --bug NAME}
   */
  public static void main(String[] arguments) {
    long seeds = 2000;
    long start = 0;
    Bug bug = Bug.NONE;
    try {
      for (int i = 0; i < arguments.length; i += 2) {
        String value = i + 1 < arguments.length ? arguments[i + 1] : "";
        switch (arguments[i]) {
          case "--seeds" -> seeds = Long.parseLong(value);
          case "--start" -> start = Long.parseLong(value);
          case "--bug" -> bug = Bug.valueOf(value);
          default -> throw new IllegalArgumentException("unknown argument " + arguments[i]);
        }
      }
    } catch (IllegalArgumentException e) {
      System.err.println(
          "simulate: " + e.getMessage() + "; needed: --seeds N, --start S, --bug NAME");
      System.exit(64);
    }
    long begun = System.nanoTime();
    SimulationRuns runs = new SimulationRuns(bug, System.err::println);
    long failed = runs.run(start, seeds);
    System.out.printf(
        "%s%d seeds from %d, bug %s: %s, %.1f s%n",
        runs.coverage(),
        seeds,
        start,
        bug,
        failed < 0 ? "all passed" : "seed " + failed + " failed",
        (System.nanoTime() - begun) / 1e9);
    System.exit(failed < 0 ? 0 : 1);
  }
}
