// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

/**
 * What one round of one system did. Travels as one line of JSON from the worker to the bench.
 *
 * @param operations how many operations completed
 * @param wallNanos how long they took
 * @param cpuNanos user and system time of the whole process meanwhile
 * @param allocatedBytes heap bytes the operating threads allocated, -1 where unknown
 * @param latencyNanos50 median latency of one operation, -1 where not measured
 * @param latencyNanos99 99th percentile of the latency, -1 where not measured
 * @param bytes a size the round found out, such as the space a load took; 0 where there is none
 * @param logBytes bytes appended to the log; 0 where there is none
 */
public record Sample(
    long operations,
    long wallNanos,
    long cpuNanos,
    long allocatedBytes,
    long latencyNanos50,
    long latencyNanos99,
    long bytes,
    long logBytes) {
  static final long UNKNOWN = -1;

  /** Operations and times only. */
  static Sample of(long operations, long wallNanos, long cpuNanos) {
    return new Sample(operations, wallNanos, cpuNanos, UNKNOWN, UNKNOWN, UNKNOWN, 0, 0);
  }

  Sample withAllocatedBytes(long allocatedBytes) {
    return new Sample(
        operations,
        wallNanos,
        cpuNanos,
        allocatedBytes,
        latencyNanos50,
        latencyNanos99,
        bytes,
        logBytes);
  }

  Sample withLatency(long nanos50, long nanos99) {
    return new Sample(
        operations, wallNanos, cpuNanos, allocatedBytes, nanos50, nanos99, bytes, logBytes);
  }

  Sample withBytes(long bytes, long logBytes) {
    return new Sample(
        operations,
        wallNanos,
        cpuNanos,
        allocatedBytes,
        latencyNanos50,
        latencyNanos99,
        bytes,
        logBytes);
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
