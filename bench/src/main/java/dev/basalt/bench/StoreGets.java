// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.engine.Store;
import dev.basalt.engine.Table;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * Random gets from a loaded store. A round of no threads leaves the store idle.
 *
 * <p>Arguments: the store's URI, the number of records, the pool's bytes.
 */
final class StoreGets implements Worker {
  private final Meter meter = new Meter();
  private final Arena arena = Arena.ofShared();
  private final List<TableReader> readers = new ArrayList<>();
  private final LongAdder completed = new LongAdder();
  private int count;
  private @Nullable Store store;
  private @Nullable Table table;

  @Override
  public void prepare(String[] arguments) {
    count = Integer.parseInt(arguments[1]);
    Store opened = Stores.open(arguments[0], Long.parseLong(arguments[2]));
    store = opened;
    table = opened.table(Stores.TABLE);
    reader(0).readAll();
  }

  @Override
  public Sample round(long nanos, int threads) throws IOException {
    if (threads > 0) {
      reader(threads - 1); // all of them, before the clock runs
    }
    long deadline = System.nanoTime() + nanos;
    meter.start();
    Sample sample =
        switch (threads) {
          case 0 -> idle(deadline);
          case 1 -> meter.stop(reader(0).readUntil(deadline));
          default -> concurrent(threads, deadline);
        };
    return threads == 0 ? sample : withLatency(sample);
  }

  private Sample idle(long deadline) {
    while (System.nanoTime() < deadline) {
      LockSupport.parkNanos(deadline - System.nanoTime());
    }
    return meter.stop(0);
  }

  private Sample concurrent(int threads, long deadline) throws IOException {
    completed.reset();
    CallerThreads.run(threads, index -> completed.add(readers.get(index).readUntil(deadline)));
    return meter.stop(completed.sum()).withAllocatedBytes(Sample.UNKNOWN);
  }

  private Sample withLatency(Sample sample) {
    Histogram latency = new Histogram(2);
    readers.forEach(reader -> reader.drainLatency(latency));
    return sample.withLatency(Latency.of(latency));
  }

  private TableReader reader(int index) {
    while (readers.size() <= index) {
      Table target = Objects.requireNonNull(table);
      readers.add(new TableReader(target, count, arena, readers.size()));
    }
    return readers.get(index);
  }

  @Override
  public void close() {
    if (store != null) {
      store.close();
    }
    arena.close();
  }
}
