// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.sim;

/** A client of a simulation, as {@link Simulation#client} returns it. */
public final class SimulatedClient {
  private final Simulation simulation;
  private final SimulatedThread thread;

  SimulatedClient(Simulation simulation, SimulatedThread thread) {
    this.simulation = simulation;
    this.thread = thread;
  }

  /** Waits, as another thread of the simulation, until this client has ended. */
  public void join() {
    simulation.join(thread);
  }
}
