// SPDX-License-Identifier: Apache-2.0
/**
 * The mixed workload of {@code basalt bench}: several threads, a latency histogram per kind of
 * operation. Read {@link dev.basalt.cli.bench.Workload} first.
 */
@NullMarked
package dev.basalt.cli.bench;

import org.jspecify.annotations.NullMarked;
