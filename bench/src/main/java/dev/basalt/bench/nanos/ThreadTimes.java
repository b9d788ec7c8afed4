// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench.nanos;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.util.Map;
import java.util.TreeMap;

/**
 * CPU nanoseconds of a process.
 *
 * @param process all of it
 * @param byThread of each of its Java threads that live, by name
 */
record ThreadTimes(long process, Map<String, Long> byThread) {
  private static final OperatingSystemMXBean PROCESS =
      ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  /** Reads the clocks. */
  static ThreadTimes now() {
    Map<String, Long> byThread = new TreeMap<>();
    for (ThreadInfo thread : THREADS.getThreadInfo(THREADS.getAllThreadIds())) {
      if (thread != null) {
        long nanos = Math.max(0, THREADS.getThreadCpuTime(thread.getThreadId()));
        byThread.merge(thread.getThreadName(), nanos, Long::sum);
      }
    }
    return new ThreadTimes(PROCESS.getProcessCpuTime(), byThread);
  }

  /** Returns what was used since an earlier time. */
  ThreadTimes since(ThreadTimes earlier) {
    Map<String, Long> used = new TreeMap<>();
    byThread.forEach(
        (name, nanos) -> used.put(name, nanos - earlier.byThread.getOrDefault(name, 0L)));
    return new ThreadTimes(process - earlier.process, used);
  }
}
