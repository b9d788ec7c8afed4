// SPDX-License-Identifier: Apache-2.0
/**
 * Side-by-side comparisons: the table of performance targets, line by line.
 *
 * <p>{@link dev.basalt.bench.Bench} runs in one process and measures nothing itself. Each system
 * under test runs in a process of its own, a {@link dev.basalt.bench.Worker} in a JVM or {@code
 * fio}, so that the CPU time of the process is the CPU time of the system. Rounds of the systems
 * that are compared alternate. Read {@code BenchmarkLine} first.
 */
@NullMarked
package dev.basalt.bench;

import org.jspecify.annotations.NullMarked;
