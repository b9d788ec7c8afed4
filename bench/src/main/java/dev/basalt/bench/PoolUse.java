// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.engine.Cursor;
import dev.basalt.engine.Range;
import dev.basalt.engine.RecordBatch;
import dev.basalt.engine.Store;
import dev.basalt.engine.Table;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What the pool of a store holds: gets of hot records, which fill half of it, and what else goes
 * through it. Rounds take a fixed amount of work; a sample's size is how many pages were missed.
 *
 * <p>Arguments: the store's URI, the number of records, the pool's bytes. What a round does, by
 * name: {@code hot} (gets of all hot records once), {@code scan} (all records), {@code warm} and
 * {@code cold} (closes the store, opens it with or without a warm restart, and gets hot records
 * until nine of ten of the last thousand needed no read; how long that took, from before the open).
 */
final class PoolUse implements Worker {
  /** The records of some twelve leaves: with data four times the pool, half of it is hot. */
  private static final int HOT_EVERY = 256;

  private static final int BATCH_COUNT = 1_000;

  /** Gets after which the misses are looked at. */
  private static final int WINDOW = 1_000;

  private static final double HITS_MIN = 0.9;

  private final Meter meter = new Meter();
  private final Arena arena = Arena.ofShared();
  private final RecordBatch batch =
      new RecordBatch(BATCH_COUNT, BATCH_COUNT * Records.RECORD_BYTES);
  private long[] hotKeys = {};
  private int count;
  private String uri = "";
  private long poolBytes;
  private String work = "";
  private @Nullable Store store;
  private @Nullable Table table;
  private @Nullable TableReader reader;

  @Override
  public void prepare(String[] arguments) {
    uri = arguments[0];
    count = Integer.parseInt(arguments[1]);
    poolBytes = Long.parseLong(arguments[2]);
    hotKeys = hotKeys(count);
    open(true);
  }

  private void open(boolean isWarm) {
    Store opened = isWarm ? Stores.openWarm(uri, poolBytes) : Stores.open(uri, poolBytes);
    store = opened;
    Table filled = opened.table(Stores.TABLE);
    table = filled;
    reader = new TableReader(filled, count, arena, 0);
  }

  /** One record of every twelfth leaf or so, in random order. */
  private static long[] hotKeys(int count) {
    long[] keys = Records.keysInOrder(count);
    long[] hot = new long[count / HOT_EVERY];
    long random = 1;
    for (int i = 0; i < hot.length; i++) {
      random = Records.nextRandom(random);
      int other = (int) Records.below(random, i + 1);
      hot[i] = hot[other];
      hot[other] = keys[i * HOT_EVERY];
    }
    return hot;
  }

  @Override
  public void use(String name) {
    work = name;
  }

  @Override
  public Sample round(long nanos, int threads) {
    return switch (work) {
      case "warm" -> reopen(true);
      case "cold" -> reopen(false);
      case "scan" -> measured(this::scan);
      default -> measured(this::getHot);
    };
  }

  private Sample measured(LongSupplier work) {
    long missesBefore = misses();
    meter.start();
    return meter.stop(work.getAsLong()).withBytes(misses() - missesBefore, 0);
  }

  private Sample reopen(boolean isWarm) {
    Objects.requireNonNull(store).close();
    meter.start();
    open(isWarm);
    long gets = 0;
    long missed = WINDOW;
    for (int from = 0; missed > WINDOW * (1 - HITS_MIN); from += WINDOW) {
      int at = from % (hotKeys.length - WINDOW);
      long before = misses();
      Objects.requireNonNull(reader).readAll(Arrays.copyOfRange(hotKeys, at, at + WINDOW));
      missed = misses() - before;
      gets += WINDOW;
    }
    return meter.stop(gets).withBytes(misses(), 0);
  }

  private long misses() {
    return Objects.requireNonNull(store).statistics().counter("pool.misses");
  }

  private long getHot() {
    Objects.requireNonNull(reader).readAll(hotKeys);
    return hotKeys.length;
  }

  private long scan() {
    long scanned = 0;
    try (Cursor cursor = Objects.requireNonNull(table).cursor(Range.all())) {
      for (int next = cursor.next(batch); next > 0; next = cursor.next(batch)) {
        scanned += next;
      }
    }
    if (scanned != count) {
      throw new IllegalStateException("scanned " + scanned + " records of " + count);
    }
    return scanned;
  }

  @Override
  public void close() {
    if (store != null) {
      store.close();
    }
    arena.close();
  }
}
