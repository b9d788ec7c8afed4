// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli.bench;

import dev.basalt.engine.Cursor;
import dev.basalt.engine.Range;
import dev.basalt.engine.SortedSource;
import dev.basalt.engine.Table;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * Random operations on records with 8-byte keys, by several threads for a given time.
 *
 * <p>Record {@code i} has the key {@code i} as a big-endian number. Each operation is timed from
 * call to return.
 *
 * <p><b>Concurrency.</b> {@link #run} is called by one thread; its workers share the histograms,
 * which are concurrent, and the count of records.
 */
public final class Workload {
  private static final ValueLayout.OfLong BIG_ENDIAN =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final int KEY_BYTES = 8;
  private static final int SCAN_RECORDS = 100;
  private static final int PERCENT = 100;
  private static final long LATENCY_NANOS_MAX = Duration.ofMinutes(1).toNanos();
  private static final int SIGNIFICANT_DIGITS = 3;

  private final Table table;
  private final int valueBytes;
  private final AtomicLong recordCount;
  private final Map<Operation, Histogram> latencies = new EnumMap<>(Operation.class);
  private final AtomicReference<@Nullable RuntimeException> failure = new AtomicReference<>();
  private volatile boolean isOver;

  /**
   * Creates a workload.
   *
   * @param table holds the records
   * @param recordCount how many there are
   * @param valueBytes length of the values
   */
  public Workload(Table table, long recordCount, int valueBytes) {
    this.table = table;
    this.valueBytes = valueBytes;
    this.recordCount = new AtomicLong(recordCount);
    for (Operation operation : Operation.values()) {
      latencies.put(operation, new ConcurrentHistogram(LATENCY_NANOS_MAX, SIGNIFICANT_DIGITS));
    }
  }

  /**
   * Gives the records to load into an empty table.
   *
   * @param recordCount how many
   * @param valueBytes length of the values
   * @return the records in key order
   */
  public static SortedSource records(long recordCount, int valueBytes) {
    byte[] key = new byte[KEY_BYTES];
    byte[] value = new byte[valueBytes];
    return new SortedSource() {
      private long record = -1;

      @Override
      public boolean next() {
        record++;
        BIG_ENDIAN.varHandle().set(MemorySegment.ofArray(key), 0L, record);
        return record < recordCount;
      }

      @Override
      public MemorySegment key() {
        return MemorySegment.ofArray(key);
      }

      @Override
      public MemorySegment value() {
        return MemorySegment.ofArray(value);
      }
    };
  }

  /**
   * Runs the workload.
   *
   * @param mix what to do
   * @param threadCount how many threads at once
   * @param areVirtual whether they are virtual threads
   * @param time how long
   * @throws InterruptedException when the calling thread is interrupted
   */
  public void run(Mix mix, int threadCount, boolean areVirtual, Duration time)
      throws InterruptedException {
    Thread.Builder builder =
        areVirtual ? Thread.ofVirtual() : Thread.ofPlatform().daemon().name("bench-", 0);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < threadCount; i++) {
      long seed = i;
      threads.add(builder.start(() -> work(mix, new SplittableRandom(seed))));
    }
    long deadline = System.nanoTime() + time.toNanos();
    while (System.nanoTime() < deadline && failure.get() == null) {
      threads.getFirst().join(Duration.ofMillis(50));
    }
    isOver = true;
    for (Thread thread : threads) {
      thread.join();
    }
    RuntimeException first = failure.get();
    if (first != null) {
      throw first;
    }
  }

  /**
   * Returns the latencies of an operation.
   *
   * @param operation which
   * @return nanoseconds
   */
  public Histogram latencies(Operation operation) {
    return latencies.getOrDefault(operation, new Histogram(SIGNIFICANT_DIGITS));
  }

  private void work(Mix mix, SplittableRandom random) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment key = arena.allocate(KEY_BYTES);
      MemorySegment value = arena.allocate(Math.max(valueBytes, 1)).asSlice(0, valueBytes);
      while (!isOver) {
        Operation operation = mix.pick(random.nextInt(PERCENT));
        long start = System.nanoTime();
        perform(operation, random, key, value);
        long nanos = Math.min(System.nanoTime() - start, LATENCY_NANOS_MAX);
        latencies(operation).recordValue(nanos);
      }
    } catch (RuntimeException e) {
      failure.compareAndSet(null, e);
    }
  }

  private void perform(
      Operation operation, SplittableRandom random, MemorySegment key, MemorySegment value) {
    long record =
        operation == Operation.INSERT
            ? recordCount.getAndIncrement()
            : random.nextLong(recordCount.get());
    key.set(BIG_ENDIAN, 0, record);
    switch (operation) {
      case READ -> table.get(key, value);
      case UPDATE, INSERT -> table.put(key, value);
      case SCAN -> scan(key, value);
    }
  }

  private void scan(MemorySegment key, MemorySegment value) {
    try (Cursor cursor = table.cursor(Range.from(key.toArray(ValueLayout.JAVA_BYTE)))) {
      for (int i = 0; i < SCAN_RECORDS && cursor.next(); i++) {
        cursor.value(value);
      }
    }
  }
}
