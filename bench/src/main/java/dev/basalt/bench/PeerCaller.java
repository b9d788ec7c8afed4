// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.Histogram;

/**
 * One thread's calls of a peer. Every 16th operation is timed.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time.
 */
final class PeerCaller {
  private static final int BATCH = 16;
  private static final long LATENCY_NANOS_MAX = 10_000_000_000L;

  /**
   * What all callers share.
   *
   * @param keys the records
   * @param zipf their popularity
   * @param recordCount how many there are by now
   */
  record Shared(Keys keys, Zipf zipf, AtomicLong recordCount) {}

  private final Peer.Session session;
  private final Shared shared;
  private final Histogram latency = new Histogram(LATENCY_NANOS_MAX, 2);
  private long random;

  PeerCaller(Peer.Session session, Shared shared, int seed) {
    this.session = session;
    this.shared = shared;
    random = Records.key(seed + 1L);
  }

  /** Calls until a time has come; returns how many operations that were. */
  long runUntil(long deadline, PeerWorkload workload) {
    long done = 0;
    long start = System.nanoTime();
    while (start < deadline) {
      run(workload);
      latency.recordValue(Math.min(System.nanoTime() - start, LATENCY_NANOS_MAX));
      for (int i = 1; i < BATCH; i++) {
        run(workload);
      }
      done += BATCH;
      start = System.nanoTime();
    }
    return done;
  }

  /** Adds the latencies since the last call to a sum. */
  void drainLatency(Histogram sum) {
    sum.add(latency);
    latency.reset();
  }

  /** Does one operation. */
  void run(PeerWorkload workload) {
    random = Records.nextRandom(random);
    switch (workload.operation(random)) {
      case READ -> session.get(key(workload));
      case UPDATE -> session.put(key(workload));
      case INSERT -> insert();
      case SCAN_UP -> session.scan(key(workload), PeerWorkload.SCAN_RECORDS, true);
      case SCAN_DOWN -> session.scan(key(workload), PeerWorkload.SCAN_RECORDS, false);
      case SCAN_SHORT ->
          session.scan(key(workload), 1 + (int) (random >>> 40) % PeerWorkload.SCAN_RECORDS, true);
      case MODIFY -> {
        long key = key(workload);
        session.get(key);
        session.put(key);
      }
    }
  }

  private void insert() {
    session.put(shared.keys.key(shared.recordCount.get()));
    shared.recordCount.incrementAndGet();
  }

  private long key(PeerWorkload workload) {
    int count = shared.keys.count();
    long mixed = random * 0x9E3779B97F4A7C15L;
    return shared.keys.key(
        switch (workload.choice()) {
          case UNIFORM -> Records.below(random, count);
          case ZIPF -> shared.zipf.rank(mixed);
          case LATEST -> shared.recordCount.get() - 1 - shared.zipf.rank(mixed);
        });
  }
}
