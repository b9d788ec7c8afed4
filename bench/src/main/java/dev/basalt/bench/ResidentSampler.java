// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Watches how much memory the largest mapping of another process takes: in a JVM with a store, the
 * page region. Asks the kernel (proc(5), smaps), not the pool.
 */
final class ResidentSampler implements AutoCloseable {
  private static final long INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
  private static final Pattern MAPPING = Pattern.compile("([0-9a-f]+)-([0-9a-f]+) .*");
  private static final Pattern RESIDENT = Pattern.compile("Rss: +(\\d+) kB");

  private final Path smaps;
  private final Thread thread;
  private volatile boolean closing;
  private volatile long residentBytesMax;

  private ResidentSampler(long pid) {
    smaps = Path.of("/proc/" + pid + "/smaps");
    thread = Thread.ofPlatform().daemon().name("resident-sampler").unstarted(this::run);
  }

  static ResidentSampler start(long pid) {
    ResidentSampler sampler = new ResidentSampler(pid);
    sampler.thread.start();
    return sampler;
  }

  /** The most that was seen so far; 0 when nothing could be read. */
  long residentBytesMax() {
    return residentBytesMax;
  }

  private void run() {
    while (!closing) {
      try {
        residentBytesMax = Math.max(residentBytesMax, largestMappingResidentBytes());
      } catch (IOException e) {
        return; // The process has ended.
      }
      LockSupport.parkNanos(INTERVAL_NANOS);
    }
  }

  private long largestMappingResidentBytes() throws IOException {
    long largest = 0;
    long resident = 0;
    boolean isLargest = false;
    for (String line : Files.readAllLines(smaps)) {
      Matcher mapping = MAPPING.matcher(line);
      if (mapping.matches()) {
        long bytes =
            Long.parseUnsignedLong(mapping.group(2), 16)
                - Long.parseUnsignedLong(mapping.group(1), 16);
        isLargest = bytes > largest;
        largest = Math.max(largest, bytes);
      }
      Matcher rss = RESIDENT.matcher(line);
      if (isLargest && rss.matches()) {
        resident = Long.parseLong(rss.group(1)) << 10;
      }
    }
    return resident;
  }

  @Override
  public void close() {
    closing = true;
    LockSupport.unpark(thread);
  }
}
