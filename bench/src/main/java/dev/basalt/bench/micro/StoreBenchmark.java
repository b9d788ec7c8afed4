// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench.micro;

import dev.basalt.bench.Records;
import dev.basalt.bench.Stores;
import dev.basalt.engine.Store;
import dev.basalt.engine.Table;
import dev.basalt.index.ContentionConfig;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Gets and puts through the front door, all pages resident, no commit waited for. Nothing is
 * allocated; what {@code gc.alloc.rate.norm} shows of a put is the checkpointer's.
 *
 * <p>{@code scripts/bench micro StoreBenchmark}
 */
@NullUnmarked // JMH calls the setup before anything else
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
public class StoreBenchmark {
  private static final long BYTES_PER_RECORD = 256;
  private static final long LOG_BYTES = 1L << 30;

  /** How many records the store holds. */
  @Param({"100000", "1000000"})
  int records;

  private final MemorySegment key = MemorySegment.ofArray(new byte[Records.KEY_BYTES]);
  private final MemorySegment value = MemorySegment.ofArray(new byte[Records.VALUE_BYTES]);
  private Store store;
  private Table table;
  private long random = 88172645463325252L;

  @Setup(Level.Trial)
  public void open() {
    store = Stores.inMemory(records * BYTES_PER_RECORD, LOG_BYTES, ContentionConfig.defaults());
    table = store.table(Stores.TABLE);
    for (int record = 0; record < records; record++) {
      Records.setKey(key, Records.key(record));
      table.put(key, value);
    }
  }

  @TearDown(Level.Trial)
  public void close() {
    store.close();
  }

  @Benchmark
  public long get() {
    chooseKey();
    return table.get(key, value);
  }

  /** Replaces a value by one of the same length. */
  @Benchmark
  public void put() {
    chooseKey();
    table.put(key, value);
  }

  private void chooseKey() {
    random = Records.nextRandom(random);
    Records.setKey(key, Records.key(Records.below(random, records)));
  }
}
