// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.engine.Cursor;
import dev.basalt.engine.Range;
import dev.basalt.engine.RecordBatch;
import dev.basalt.engine.Store;
import dev.basalt.engine.Table;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** Basalt through its public interface, on a file through io_uring. */
final class BasaltPeer implements Peer {
  private final Store store;
  private final Table table;

  BasaltPeer(Path directory, long cacheBytes) {
    store = Stores.open(StoreFile.SCHEME + ":" + directory.resolve("store"), cacheBytes);
    table = store.table(Stores.TABLE);
  }

  @Override
  public Session session() {
    return new BasaltSession(table);
  }

  @Override
  public void endLoad() {
    store.checkpoint();
  }

  @Override
  public String description() {
    return "io_uring, pages of 4 KiB, log of 1 GiB, durability none";
  }

  @Override
  public void close() {
    store.close();
  }

  private static final class BasaltSession implements Session {
    private final Table table;
    private final Cursor cursor;
    private final RecordBatch batch =
        new RecordBatch(
            PeerWorkload.SCAN_RECORDS, PeerWorkload.SCAN_RECORDS * Records.RECORD_BYTES);
    private final byte[] from = new byte[Records.KEY_BYTES];
    private final MemorySegment key = Arena.ofAuto().allocate(Records.KEY_BYTES, 8);
    private final MemorySegment value = Arena.ofAuto().allocate(Records.VALUE_BYTES, 8);

    BasaltSession(Table table) {
      this.table = table;
      cursor = table.cursor(Range.all());
    }

    @Override
    public void put(long next) {
      Records.setKey(key, next);
      Records.setValue(value, next);
      table.put(key, value);
    }

    @Override
    public void get(long wanted) {
      Records.setKey(key, wanted);
      long length = table.get(key, value);
      Peer.check(length == Records.VALUE_BYTES && Records.isValueOf(value, wanted), wanted);
    }

    @Override
    public int scan(long start, int count, boolean isUpwards) {
      Records.setKey(MemorySegment.ofArray(from), start);
      cursor.seek(from);
      int done = isUpwards ? cursor.next(batch) : cursor.previous(batch);
      Peer.check(done <= count, start);
      MemorySegment records = batch.memory();
      for (int i = 0; i < done; i++) {
        long found = records.get(Records.KEY, batch.keyOffset(i));
        Peer.check(Records.isValueOf(records, batch.valueOffset(i), found), found);
      }
      return done;
    }
  }
}
