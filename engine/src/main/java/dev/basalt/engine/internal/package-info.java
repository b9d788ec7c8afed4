// SPDX-License-Identifier: Apache-2.0
/**
 * The store behind its public classes: gate, commit path, tables, checkpointer and recovery.
 *
 * <p>Runs on the threads of the engine's callers, but for the checkpointer, an agent. Read {@code
 * Engine} first, then {@code Commits} and {@code Recovery}.
 */
@NullMarked
package dev.basalt.engine.internal;

import org.jspecify.annotations.NullMarked;
