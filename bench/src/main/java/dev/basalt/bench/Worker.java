// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.io.IOException;

/**
 * One system under test, alone in its JVM. {@link WorkerMain} prepares it, runs rounds as it is
 * told, and closes it; all on one thread.
 */
interface Worker extends AutoCloseable {
  /**
   * Makes ready: opens, loads data.
   *
   * @param arguments what this worker documents
   */
  void prepare(String[] arguments) throws IOException;

  /**
   * Runs one round.
   *
   * @param nanos about how long; a worker whose round has a fixed amount of work ignores it
   * @param threads how many threads call at once, virtual ones unless there is one only; a worker
   *     whose number of threads is fixed ignores it
   */
  Sample round(long nanos, int threads) throws IOException;

  /**
   * Says what the rounds from now on are to do, where there is a choice.
   *
   * @param name one of the names the worker documents
   */
  default void use(String name) {
    throw new IllegalArgumentException("this worker does one thing only, not '" + name + "'");
  }

  /** Says in one line what it has opened, where there is a choice. */
  default String describe() {
    return "";
  }

  @Override
  void close() throws IOException;
}
