// SPDX-License-Identifier: Apache-2.0
/**
 * The parts of the pool.
 *
 * <p>Any thread runs {@link dev.basalt.bufferpool.internal.PageStates}, {@code PageLatches}, {@code
 * ResidentSet} and {@code FrameReserve}; the page provider and the page writer are agents with a
 * queue pair each. Read {@code PageStates} first.
 */
@NullMarked
package dev.basalt.bufferpool.internal;

import org.jspecify.annotations.NullMarked;
