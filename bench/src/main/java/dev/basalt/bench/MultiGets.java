// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.engine.GetBatch;
import dev.basalt.engine.Store;
import dev.basalt.engine.Table;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Random gets by one thread, one by one or many by one call, each value compared.
 *
 * <p>Arguments: the store's URI, the number of records, the pool's bytes. What a round does, by
 * name: {@code gets}, or {@code together}.
 */
final class MultiGets implements Worker {
  /** Keys of one call. */
  static final int TOGETHER = 100;

  private final Meter meter = new Meter();
  private final Arena arena = Arena.ofShared();
  private final MemorySegment key = arena.allocate(Records.KEY_BYTES, Records.KEY_BYTES);
  private final GetBatch batch = new GetBatch(TOGETHER);
  private final long[] keys = new long[TOGETHER];
  private int count;
  private long random = 1;
  private String work = "";
  private @Nullable Store store;
  private @Nullable Table table;
  private @Nullable TableReader reader;

  @Override
  public void prepare(String[] arguments) {
    count = Integer.parseInt(arguments[1]);
    Store opened = Stores.open(arguments[0], Long.parseLong(arguments[2]));
    store = opened;
    Table filled = opened.table(Stores.TABLE);
    table = filled;
    reader = new TableReader(filled, count, arena, 0);
    reader.readAll();
  }

  @Override
  public void use(String name) {
    work = name;
  }

  @Override
  public Sample round(long nanos, int threads) {
    long deadline = System.nanoTime() + nanos;
    meter.start();
    return meter.stop(
        work.equals("gets")
            ? Objects.requireNonNull(reader).readUntil(deadline)
            : readTogetherUntil(deadline));
  }

  private long readTogetherUntil(long deadline) {
    long done = 0;
    for (; System.nanoTime() < deadline; done += TOGETHER) {
      batch.clear();
      for (int i = 0; i < TOGETHER; i++) {
        random = Records.nextRandom(random);
        keys[i] = Records.key(Records.below(random, count));
        Records.setKey(key, keys[i]);
        batch.add(key);
      }
      Objects.requireNonNull(table).get(batch);
      for (int i = 0; i < TOGETHER; i++) {
        if (!Records.isValueOf(batch.value(i), keys[i])) {
          throw new IllegalStateException("wrong value for key " + keys[i]);
        }
      }
    }
    return done;
  }

  @Override
  public void close() {
    if (store != null) {
      store.close();
    }
    arena.close();
  }
}
