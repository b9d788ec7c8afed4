// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.sim;

/** What a client of a simulation does. */
@FunctionalInterface
public interface SimulatedBody {
  /**
   * Runs once, on the client's thread.
   *
   * @throws Exception fails the simulation
   */
  void run() throws Exception;
}
