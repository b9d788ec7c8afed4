// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/**
 * Measures a round inside a worker: wall time, CPU time of the process, what it moved and holds,
 * heap allocation of the thread that starts and stops it.
 */
final class Meter {
  private static final OperatingSystemMXBean PROCESS =
      ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
  private static final ThreadMXBean THREADS =
      ManagementFactory.getPlatformMXBean(ThreadMXBean.class);

  private Usage startUsage = Usage.ofThisProcess();
  private long startWallNanos;
  private long startCpuNanos;
  private long startAllocatedBytes;

  void start() {
    startUsage = Usage.ofThisProcess();
    startCpuNanos = PROCESS.getProcessCpuTime();
    startWallNanos = System.nanoTime();
    startAllocatedBytes = THREADS.getCurrentThreadAllocatedBytes();
  }

  /** Ends the round. */
  Sample stop(long operations) {
    long allocatedBytes = THREADS.getCurrentThreadAllocatedBytes() - startAllocatedBytes;
    long wallNanos = System.nanoTime() - startWallNanos;
    long cpuNanos = PROCESS.getProcessCpuTime() - startCpuNanos;
    return Sample.of(operations, wallNanos, cpuNanos)
        .withAllocatedBytes(allocatedBytes)
        .withUsage(Usage.ofThisProcess().since(startUsage));
  }
}
