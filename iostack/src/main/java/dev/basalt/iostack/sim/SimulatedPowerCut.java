// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.sim;

/**
 * Ends a simulated thread: thrown out of every wait once the power is cut or the simulation has
 * been stopped, and again by every further wait. An {@code Error}, because nobody is to handle it;
 * the process that a power cut ends runs no handlers either.
 */
public final class SimulatedPowerCut extends Error {
  private static final long serialVersionUID = 1L;

  SimulatedPowerCut() {
    super("the simulated power is cut", null, false, false);
  }
}
