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
 * Watches how much memory the pool of a store takes in another process: frames, state words,
 * numbers of frames. Asks the kernel (proc(5), smaps), not the pool.
 */
final class ResidentSampler implements AutoCloseable {
  private static final long INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  /** Advice on huge pages: to have them, or none. */
  private static final Pattern ADVISED = Pattern.compile("VmFlags:.* (hg|nh)( .*)?");

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
        residentBytesMax = Math.max(residentBytesMax, poolResidentBytes());
      } catch (IOException e) {
        return; // The process has ended.
      }
      LockSupport.parkNanos(INTERVAL_NANOS);
    }
  }

  /** Of mappings with advice on huge pages: in this JVM the pool's alone. */
  private long poolResidentBytes() throws IOException {
    long sum = 0;
    long resident = 0;
    for (String line : Files.readAllLines(smaps)) {
      Matcher rss = RESIDENT.matcher(line);
      if (rss.matches()) {
        resident = Long.parseLong(rss.group(1)) << 10;
      } else if (ADVISED.matcher(line).matches()) {
        sum += resident;
      }
    }
    return sum;
  }

  @Override
  public void close() {
    closing = true;
    LockSupport.unpark(thread);
  }
}
