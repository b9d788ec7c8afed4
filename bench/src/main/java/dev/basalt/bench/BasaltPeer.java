// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.engine.Cursor;
import dev.basalt.engine.Durability;
import dev.basalt.engine.Range;
import dev.basalt.engine.RecordBatch;
import dev.basalt.engine.SortedSource;
import dev.basalt.engine.Store;
import dev.basalt.engine.StoreStatistics;
import dev.basalt.engine.Table;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Basalt through its public interface, on a file through io_uring. */
final class BasaltPeer implements Peer {
  private final Settings settings;
  private final Path file;
  private final Store store;
  private final Table table;

  BasaltPeer(Settings settings) {
    this.settings = settings;
    file = settings.directory().resolve("store");
    store =
        Stores.open(
            StoreFile.SCHEME + ":" + file,
            settings.cacheBytes(),
            settings.isSync() ? Durability.sync() : Durability.none());
    table = store.table(Stores.TABLE);
  }

  @Override
  public Session session() {
    return new BasaltSession(table, settings.keys());
  }

  @Override
  public void endLoad() {
    store.checkpoint();
  }

  @Override
  public String description() {
    return "Basalt, io_uring, pool of "
        + Figures.mebibytes(settings.cacheBytes())
        + ", pages of 4 KiB, log of 1 GiB, "
        + settings.durability()
        + ", ordered load by a bulk load";
  }

  @Override
  public Traffic traffic() {
    StoreStatistics statistics = store.statistics();
    return new Traffic(
        statistics.counter("pool.pagesRead") * Stores.PAGE_BYTES,
        statistics.counter("pool.pagesWritten") * Stores.PAGE_BYTES
            + statistics.counter("log.appendedLsn"));
  }

  /** Without the log ring, whose size is fixed. */
  @Override
  public long spaceBytes(Path directory) throws IOException {
    return Files.size(file) - Stores.LOG_BYTES;
  }

  @Override
  public void close() {
    store.close();
  }

  private static final class BasaltSession implements Session {
    private final Table table;
    private final Keys keys;
    private final Cursor cursor;
    private final @Nullable RecordBatch[] batches =
        new @Nullable RecordBatch[PeerWorkload.SCAN_RECORDS + 1];
    private final MemorySegment key;
    private final MemorySegment value = Arena.ofAuto().allocate(Records.VALUE_BYTES, 8);

    BasaltSession(Table table, Keys keys) {
      this.table = table;
      this.keys = keys;
      cursor = table.cursor(Range.all());
      key = Arena.ofAuto().allocate(keys.sizeMax(), 8);
    }

    @Override
    public void loadInOrder(long[] records) {
      table.bulkLoad(new Ascending(records));
    }

    @Override
    public void put(long next) {
      Records.setValue(value, next);
      table.put(keys.in(key, next), value);
    }

    @Override
    public void get(long wanted) {
      long length = table.get(keys.in(key, wanted), value);
      Peer.check(length == Records.VALUE_BYTES && Records.isValueOf(value, wanted), wanted);
    }

    @Override
    public int scan(long start, int count, boolean isUpwards) {
      byte[] from = keys.bytes(start);
      // Downwards a cursor begins below what it sought: here the least key above the one wanted.
      cursor.seek(isUpwards ? from : Arrays.copyOf(from, from.length + 1));
      RecordBatch batch = batch(count);
      int done = isUpwards ? cursor.next(batch) : cursor.previous(batch);
      Peer.check(done <= count, start);
      MemorySegment records = batch.memory();
      for (int i = 0; i < done; i++) {
        boolean isRight =
            keys.isRecord(records, batch.keyOffset(i), batch.keyLength(i), batch.valueOffset(i));
        Peer.check(isRight, start);
      }
      return done;
    }

    private RecordBatch batch(int count) {
      RecordBatch batch = batches[count];
      if (batch == null) {
        batch = new RecordBatch(count, count * (keys.sizeMax() + Records.VALUE_BYTES));
        batches[count] = batch;
      }
      return batch;
    }

    /** All records as the input of a bulk load. */
    private final class Ascending implements SortedSource {
      private final long[] records;
      private int next = -1;

      Ascending(long[] records) {
        this.records = records;
      }

      @Override
      public boolean next() {
        return ++next < records.length;
      }

      @Override
      public MemorySegment key() {
        return keys.in(key, records[next]);
      }

      @Override
      public MemorySegment value() {
        Records.setValue(value, records[next]);
        return value;
      }
    }
  }
}
