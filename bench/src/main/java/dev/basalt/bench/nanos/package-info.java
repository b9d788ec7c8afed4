// SPDX-License-Identifier: Apache-2.0
/**
 * Where the nanoseconds go: the CPU time of an operation, split into its steps. Read {@code Nanos}
 * first.
 */
@NullMarked
package dev.basalt.bench.nanos;

import org.jspecify.annotations.NullMarked;
