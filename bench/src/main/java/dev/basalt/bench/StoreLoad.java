// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.engine.Store;
import dev.basalt.engine.Table;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Puts new records from one thread with durability {@code none}. Its one round puts them all; the
 * checkpoint that follows is not timed. The sample's size is that of the file without the log.
 *
 * <p>Arguments: the back end's scheme, the file, the number of records, the pool's bytes, {@code
 * ordered} or {@code random}.
 */
final class StoreLoad implements Worker {
  private static final int WARM_UP_COUNT = 1_000_000;

  private final Meter meter = new Meter();
  private final Arena arena = Arena.ofShared();
  private final MemorySegment key = arena.allocate(Records.KEY_BYTES, Records.KEY_BYTES);
  private final MemorySegment value = arena.allocate(Records.VALUE_BYTES, Records.KEY_BYTES);
  private Path file = Path.of("");
  private int count;
  private boolean ordered;
  private @Nullable Store store;

  @Override
  public void prepare(String[] arguments) throws IOException {
    file = Path.of(arguments[1]);
    count = Integer.parseInt(arguments[2]);
    long poolBytes = Long.parseLong(arguments[3]);
    ordered = arguments[4].equals("ordered");
    warmUp(arguments[0], poolBytes);
    store = Stores.open(arguments[0] + ":" + file, poolBytes);
  }

  /** Lets the JVM compile the code on another store. */
  private void warmUp(String scheme, long poolBytes) throws IOException {
    Path other = file.resolveSibling(file.getFileName() + ".warm-up");
    try (Store warm = Stores.open(scheme + ":" + other, poolBytes)) {
      putAll(warm.table(Stores.TABLE), Math.min(count, WARM_UP_COUNT));
    } finally {
      Files.deleteIfExists(other);
    }
  }

  @Override
  public Sample round(long nanos, int threads) throws IOException {
    Store target = Objects.requireNonNull(store);
    Table table = target.table(Stores.TABLE);
    meter.start();
    putAll(table, count);
    Sample sample = meter.stop(count);
    target.checkpoint();
    return sample.withBytes(Files.size(file) - Stores.LOG_BYTES);
  }

  private void putAll(Table table, int records) {
    if (ordered) {
      for (long next : Records.keysInOrder(records)) {
        put(table, next);
      }
    } else {
      for (int i = 0; i < records; i++) {
        put(table, Records.key(i));
      }
    }
  }

  private void put(Table table, long next) {
    Records.setKey(key, next);
    Records.setValue(value, next);
    table.put(key, value);
  }

  @Override
  public void close() {
    if (store != null) {
      store.close();
    }
    arena.close();
  }
}
