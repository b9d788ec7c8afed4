// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.engine.Table;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.HdrHistogram.Histogram;

/**
 * One caller of gets: random keys, each value compared. Every 16th get is timed.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time.
 */
final class TableReader {
  private static final int BATCH = 16;
  private static final long LATENCY_NANOS_MAX = 10_000_000_000L;

  private final Table table;
  private final int count;
  private final MemorySegment key;
  private final MemorySegment value;
  private final Histogram latency = new Histogram(LATENCY_NANOS_MAX, 2);
  private long random;

  /** Creates a caller of a table with the first records; its memory lives in the arena. */
  TableReader(Table table, int count, Arena arena, int seed) {
    this.table = table;
    this.count = count;
    key = arena.allocate(Records.KEY_BYTES, Records.KEY_BYTES);
    value = arena.allocate(Records.VALUE_BYTES, Records.KEY_BYTES);
    random = Records.key(seed + 1L);
  }

  /** Gets until a time has come; returns how many. */
  long readUntil(long deadline) {
    long done = 0;
    long start = System.nanoTime();
    while (start < deadline) {
      random = Records.nextRandom(random);
      read(Records.key(Records.below(random, count)));
      latency.recordValue(Math.min(System.nanoTime() - start, LATENCY_NANOS_MAX));
      for (int i = 1; i < BATCH; i++) {
        random = Records.nextRandom(random);
        read(Records.key(Records.below(random, count)));
      }
      done += BATCH;
      start = System.nanoTime();
    }
    return done;
  }

  /** Gets every record once. */
  void readAll() {
    readAll(Records.keysInOrder(count));
  }

  /** Gets some records once. */
  void readAll(long[] keys) {
    for (long next : keys) {
      read(next);
    }
  }

  /** Adds the latencies since the last call to a sum. */
  void drainLatency(Histogram sum) {
    sum.add(latency);
    latency.reset();
  }

  private void read(long wanted) {
    Records.setKey(key, wanted);
    long length = table.get(key, value);
    if (length != Records.VALUE_BYTES || !Records.isValueOf(value, wanted)) {
      throw new IllegalStateException("wrong value for key " + wanted + ", length " + length);
    }
  }
}
