// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack.sim;

import org.jspecify.annotations.Nullable;

/** A simulation that ended badly: a client threw, all threads wait for ever, or it has no end. */
public final class SimulationFailure extends AssertionError {
  private static final long serialVersionUID = 1L;

  SimulationFailure(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
