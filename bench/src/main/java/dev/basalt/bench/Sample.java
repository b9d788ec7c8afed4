// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import org.jspecify.annotations.Nullable;

/**
 * What one round of one system did. Travels as one line of JSON from the worker to the bench.
 *
 * @param operations how many operations completed
 * @param wallNanos how long they took
 * @param cpuNanos user and system time of the whole process meanwhile
 * @param allocatedBytes heap bytes the operating threads allocated, -1 where unknown
 * @param latency how long single operations took
 * @param usage what the process moved meanwhile and holds; null where unknown
 * @param bytes a size the round found out, such as the space a load took; 0 where there is none
 * @param logBytes bytes appended to the log; 0 where there is none
 */
public record Sample(
    long operations,
    long wallNanos,
    long cpuNanos,
    long allocatedBytes,
    Latency latency,
    @Nullable Usage usage,
    long bytes,
    long logBytes) {
  static final long UNKNOWN = -1;

  /** Operations and times only. */
  static Sample of(long operations, long wallNanos, long cpuNanos) {
    return new Sample(operations, wallNanos, cpuNanos, UNKNOWN, Latency.UNKNOWN, null, 0, 0);
  }

  Sample withAllocatedBytes(long allocated) {
    return new Sample(operations, wallNanos, cpuNanos, allocated, latency, usage, bytes, logBytes);
  }

  Sample withLatency(Latency measured) {
    return new Sample(
        operations, wallNanos, cpuNanos, allocatedBytes, measured, usage, bytes, logBytes);
  }

  Sample withUsage(@Nullable Usage counted) {
    return new Sample(
        operations, wallNanos, cpuNanos, allocatedBytes, latency, counted, bytes, logBytes);
  }

  Sample withBytes(long size, long logged) {
    return new Sample(
        operations, wallNanos, cpuNanos, allocatedBytes, latency, usage, size, logged);
  }

  /** CPU nanoseconds of one operation. */
  double cpuNanosPerOperation() {
    return (double) cpuNanos / operations;
  }

  /** Operations per second of CPU time. */
  double operationsPerCpuSecond() {
    return operations * 1e9 / cpuNanos;
  }

  /** Operations per second of wall time. */
  double operationsPerSecond() {
    return operations * 1e9 / wallNanos;
  }

  /** Heap bytes allocated for one operation. */
  double allocatedBytesPerOperation() {
    return (double) allocatedBytes / operations;
  }

  /** CPU time as a part of one core. */
  double cores() {
    return (double) cpuNanos / wallNanos;
  }
}
