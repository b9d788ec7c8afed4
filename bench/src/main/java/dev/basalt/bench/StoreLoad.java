// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.engine.SortedSource;
import dev.basalt.engine.Store;
import dev.basalt.engine.Table;
import dev.basalt.engine.WriteBatch;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Brings new records into a table from one thread with durability {@code none}. Its one round takes
 * them all; the checkpoint that follows is not timed, though a bulk load has written its pages by
 * then. The sample's size is that of the file without the log.
 *
 * <p>Arguments: the back end's scheme, the file, the number of records, the pool's bytes, and how:
 * {@code random} or {@code ordered} puts, ordered {@code batches}, {@code bulk} load.
 */
final class StoreLoad implements Worker {
  private static final int WARM_UP_COUNT = 1_000_000;

  /** A bulk load is over before the JVM has compiled it, with as few records as above. */
  private static final int WARM_UP_COUNT_BULK = 3_000_000;

  private final Meter meter = new Meter();
  private final Arena arena = Arena.ofShared();
  private final MemorySegment key = arena.allocate(Records.KEY_BYTES, Records.KEY_BYTES);
  private final MemorySegment value = arena.allocate(Records.VALUE_BYTES, Records.KEY_BYTES);
  private Path file = Path.of("");
  private int count;
  private String how = "";
  private long[] keys = {};
  private @Nullable Store store;

  @Override
  public void prepare(String[] arguments) throws IOException {
    file = Path.of(arguments[1]);
    count = Integer.parseInt(arguments[2]);
    long poolBytes = Long.parseLong(arguments[3]);
    how = arguments[4];
    keys = how.equals("random") ? Records.keys(count) : Records.keysInOrder(count);
    warmUp(arguments[0], poolBytes);
    store = Stores.open(arguments[0] + ":" + file, poolBytes);
  }

  /** Lets the JVM compile the code on another store. */
  private void warmUp(String scheme, long poolBytes) throws IOException {
    Path other = file.resolveSibling(file.getFileName() + ".warm-up");
    try (Store warm = Stores.open(scheme + ":" + other, poolBytes)) {
      load(warm, Math.min(count, how.equals("bulk") ? WARM_UP_COUNT_BULK : WARM_UP_COUNT));
    } finally {
      Files.deleteIfExists(other);
    }
  }

  @Override
  public Sample round(long nanos, int threads) throws IOException {
    Store target = Objects.requireNonNull(store);
    target.table(Stores.TABLE);
    long logged = target.statistics().counter("log.appendedLsn");
    meter.start();
    load(target, count);
    Sample sample = meter.stop(count);
    logged = target.statistics().counter("log.appendedLsn") - logged;
    target.checkpoint();
    return sample.withBytes(Files.size(file) - Stores.LOG_BYTES, logged);
  }

  private void load(Store target, int records) {
    Table table = target.table(Stores.TABLE);
    switch (how) {
      case "bulk" -> table.bulkLoad(new Ascending(records));
      case "batches" -> writeBatches(target, records);
      default -> putAll(table, records);
    }
  }

  private void putAll(Table table, int records) {
    for (int i = 0; i < records; i++) {
      set(keys[i]);
      table.put(key, value);
    }
  }

  private void writeBatches(Store target, int records) {
    WriteBatch batch = new WriteBatch();
    int size = target.batchSizeAdvised();
    for (int i = 0; i < records; i++) {
      set(keys[i]);
      batch.put(
          Stores.TABLE, key.toArray(ValueLayout.JAVA_BYTE), value.toArray(ValueLayout.JAVA_BYTE));
      if (batch.size() == size || i == records - 1) {
        target.write(batch);
        batch = new WriteBatch();
      }
    }
  }

  private void set(long next) {
    Records.setKey(key, next);
    Records.setValue(value, next);
  }

  /** The first records as the input of a bulk load. */
  private final class Ascending implements SortedSource {
    private final int limit;
    private int next;

    Ascending(int limit) {
      this.limit = limit;
    }

    @Override
    public boolean next() {
      if (next == limit) {
        return false;
      }
      set(keys[next++]);
      return true;
    }

    @Override
    public MemorySegment key() {
      return key;
    }

    @Override
    public MemorySegment value() {
      return value;
    }
  }

  @Override
  public void close() {
    if (store != null) {
      store.close();
    }
    arena.close();
  }
}
