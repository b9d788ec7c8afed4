// SPDX-License-Identifier: Apache-2.0
/**
 * Deterministic simulation: threads that take turns, virtual time, and a device with faults. Same
 * seed, same trace.
 *
 * <p>{@code Simulation} is an {@link dev.basalt.iostack.agent.Execution}; {@code SimulatedDevice}
 * runs on it, or on any other. Only the thread that holds the baton runs. Read {@code Simulation}
 * first.
 */
@NullMarked
package dev.basalt.iostack.sim;

import org.jspecify.annotations.NullMarked;
