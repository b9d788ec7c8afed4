// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.engine.Store;
import dev.basalt.engine.Table;
import dev.basalt.index.BTree;
import dev.basalt.index.ContentionConfig;
import dev.basalt.index.SearchKey;
import dev.basalt.index.TreeContention;
import dev.basalt.index.ValueBuffer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Platform threads that update neighbouring records, one each, of a leaf of some dozen records. The
 * sample's bytes are how many contention splits there were so far.
 *
 * <p>Arguments: {@code tree} (no log, no device) or {@code store} (memory, durability {@code
 * none}); the sample interval, 0 for no contention splits.
 */
final class HotUpdates implements Worker {
  private static final int PAGE_BYTES = 4096;
  private static final int PAGES = 1024;
  private static final long STORE_BYTES = 64L << 20;
  private static final int RECORDS = 24;
  private static final int FIRST_HOT = 12;
  private static final int UPDATES_PER_LOOK = 64;

  private final Meter meter = new Meter();
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  private @Nullable BTree tree;
  private @Nullable Table table;
  private @Nullable Store store;

  @Override
  public void prepare(String[] arguments) throws IOException {
    ContentionConfig defaults = ContentionConfig.defaults();
    ContentionConfig config =
        new ContentionConfig(
            Integer.parseInt(arguments[1]), defaults.periodUpdates(), defaults.thresholdPercent());
    if (arguments[0].equals("tree")) {
      openTree(config);
    } else {
      openStore(config);
    }
    for (int record = 0; record < RECORDS; record++) {
      new Updates(record).update(1);
    }
  }

  private void openTree(ContentionConfig config) throws IOException {
    MemoryPages pages = MemoryPages.open(PAGE_BYTES, PAGES, new NoLog());
    opened.push(pages);
    tree = pages.newTree(config);
  }

  private void openStore(ContentionConfig config) {
    Store target = Stores.inMemory(STORE_BYTES, 2 * STORE_BYTES, config);
    opened.push(target);
    store = target;
    table = target.table(Stores.TABLE);
  }

  @Override
  public Sample round(long nanos, int threads) throws IOException {
    LongAdder completed = new LongAdder();
    Thread[] all = new Thread[threads];
    meter.start();
    long deadline = System.nanoTime() + nanos;
    for (int i = 0; i < threads; i++) {
      int record = FIRST_HOT + i;
      all[i] = Thread.ofPlatform().start(() -> completed.add(updateUntil(record, deadline)));
    }
    for (Thread thread : all) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
    }
    return meter.stop(completed.sum()).withAllocatedBytes(Sample.UNKNOWN).withBytes(splits(), 0);
  }

  private long updateUntil(int record, long deadline) {
    Updates updates = new Updates(record);
    long count = 0;
    try {
      for (; System.nanoTime() < deadline; count += UPDATES_PER_LOOK) {
        updates.update(UPDATES_PER_LOOK);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return count;
  }

  /** The updates of one record, by one thread. */
  private final class Updates {
    private final MemorySegment keyBytes = MemorySegment.ofArray(new byte[Records.KEY_BYTES]);
    private final MemorySegment valueBytes = MemorySegment.ofArray(new byte[Records.VALUE_BYTES]);
    private final SearchKey key = new SearchKey();
    private final ValueBuffer value = new ValueBuffer();
    private long lsn;

    Updates(int record) {
      Records.setKey(keyBytes, record);
      key.set(keyBytes);
      value.reserve(Records.VALUE_BYTES);
      lsn = (long) record << Integer.SIZE; // so that no two threads are looked at together
    }

    void update(int times) throws IOException {
      BTree target = tree;
      if (target == null) {
        updateTable(Objects.requireNonNull(table), times);
        return;
      }
      for (int i = 0; i < times; i++) {
        target.put(key, value, lsn++);
      }
    }

    private void updateTable(Table target, int times) {
      for (int i = 0; i < times; i++) {
        target.put(keyBytes, valueBytes);
      }
    }
  }

  private long splits() {
    TreeContention contention =
        tree != null
            ? tree.contention()
            : Objects.requireNonNull(Objects.requireNonNull(store).contention().get(Stores.TABLE));
    return contention.splits();
  }

  @Override
  public void close() throws IOException {
    while (!opened.isEmpty()) {
      try {
        opened.pop().close();
      } catch (Exception e) {
        throw new IOException(e);
      }
    }
  }
}
