// SPDX-License-Identifier: Apache-2.0
/**
 * The one seam through which Basalt starts threads, waits and tells time.
 *
 * <p>Background work is an {@link dev.basalt.iostack.agent.Agent}; every wait of a caller goes
 * through {@link dev.basalt.iostack.agent.Execution}. Production runs on {@code
 * Execution.threads()}; the simulation replaces it with a baton and virtual time. Read {@code
 * Execution} first.
 */
@NullMarked
package dev.basalt.iostack.agent;

import org.jspecify.annotations.NullMarked;
