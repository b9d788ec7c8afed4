// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.lmdbjava.Cursor;
import org.lmdbjava.Dbi;
import org.lmdbjava.DbiFlags;
import org.lmdbjava.Env;
import org.lmdbjava.EnvFlags;
import org.lmdbjava.GetOp;
import org.lmdbjava.Meta;
import org.lmdbjava.PutFlags;
import org.lmdbjava.Txn;

/**
 * LMDB through lmdbjava, mapped wholly and writable. Read transactions are renewed for each
 * operation, so that it sees every commit before it, as those of the others do. Gets copy the
 * value, as the others do; scans look at it in place.
 */
final class LmdbPeer implements Peer {
  /** lmdbjava reads addresses of direct buffers by reflection. Without its checks it is faster. */
  static final List<String> JVM_OPTIONS =
      List.of(
          "--add-opens=java.base/java.nio=ALL-UNNAMED",
          "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
          "--sun-misc-unsafe-memory-access=allow",
          "-Dlmdbjava.disable.checks=true");

  private static final long MAP_BYTES = 16L << 30;
  private static final int READERS_MAX = 1_100;
  private static final PutFlags[] NO_FLAGS = {};
  private static final PutFlags[] APPEND = {PutFlags.MDB_APPEND};

  private final Settings settings;
  private final Env<ByteBuffer> env;
  private final Dbi<ByteBuffer> table;
  private final List<LmdbSession> sessions = new ArrayList<>();

  LmdbPeer(Settings settings) {
    this.settings = settings;
    Set<EnvFlags> flags =
        EnumSet.of(EnvFlags.MDB_WRITEMAP, EnvFlags.MDB_NORDAHEAD, EnvFlags.MDB_NOTLS);
    if (!settings.isSync()) {
      flags.add(EnvFlags.MDB_NOSYNC);
    }
    env =
        Env.create()
            .setMapSize(MAP_BYTES)
            .setMaxReaders(READERS_MAX)
            .open(settings.directory().toFile(), flags.toArray(EnvFlags[]::new));
    table = env.openDbi((String) null, DbiFlags.MDB_CREATE);
  }

  @Override
  public synchronized Session session() {
    LmdbSession session = new LmdbSession(settings.keys());
    sessions.add(session);
    return session;
  }

  @Override
  public void endLoad() {
    env.sync(true);
  }

  @Override
  public String description() {
    return "LMDB "
        + Meta.version().major
        + "."
        + Meta.version().minor
        + "."
        + Meta.version().patch
        + ", WRITEMAP NORDAHEAD"
        + (settings.isSync() ? "" : " NOSYNC")
        + ", loads in transactions of "
        + LOAD_BATCH
        + ", ordered load by APPEND";
  }

  @Override
  public void close() {
    sessions.forEach(LmdbSession::close);
    env.close();
  }

  private final class LmdbSession implements Session {
    private final Keys keys;
    private final ByteBuffer key;
    private final ByteBuffer value = ByteBuffer.allocateDirect(Records.VALUE_BYTES);
    private final MemorySegment keyMemory;
    private final MemorySegment valueMemory = MemorySegment.ofBuffer(value);
    private final Txn<ByteBuffer> reading = env.txnRead();
    private final Cursor<ByteBuffer> cursor = table.openCursor(reading);

    LmdbSession(Keys keys) {
      this.keys = keys;
      key = ByteBuffer.allocateDirect(keys.sizeMax());
      keyMemory = MemorySegment.ofBuffer(key);
      reading.reset();
    }

    @Override
    public void load(long[] records, int from, int limit) {
      load(records, from, limit, NO_FLAGS);
    }

    @Override
    public void loadInOrder(long[] records) {
      for (int from = 0; from < records.length; from += LOAD_BATCH) {
        load(records, from, Math.min(records.length, from + LOAD_BATCH), APPEND);
      }
    }

    private void load(long[] records, int from, int limit, PutFlags[] flags) {
      try (Txn<ByteBuffer> writing = env.txnWrite()) {
        for (int i = from; i < limit; i++) {
          put(writing, records[i], flags);
        }
        writing.commit();
      }
    }

    @Override
    public void put(long next) {
      try (Txn<ByteBuffer> writing = env.txnWrite()) {
        put(writing, next, NO_FLAGS);
        writing.commit();
      }
    }

    private void put(Txn<ByteBuffer> writing, long next, PutFlags[] flags) {
      setKey(next);
      Records.setValue(valueMemory, next);
      table.put(writing, key, value, flags);
    }

    private void setKey(long next) {
      key.clear().limit(keys.write(next, keyMemory));
    }

    @Override
    public void get(long wanted) {
      setKey(wanted);
      reading.renew();
      ByteBuffer found = table.get(reading, key);
      boolean isThere = found != null;
      if (isThere) {
        value.put(0, found, 0, Records.VALUE_BYTES);
      }
      reading.reset();
      Peer.check(isThere && Records.isValueOf(valueMemory, wanted), wanted);
    }

    @Override
    public int scan(long start, int count, boolean isUpwards) {
      setKey(start);
      reading.renew();
      cursor.renew(reading);
      int done = 0;
      boolean isOn = cursor.get(key, GetOp.MDB_SET_RANGE) || !isUpwards && cursor.last();
      if (!isUpwards && isOn && isAboveKey()) {
        isOn = cursor.prev();
      }
      while (isOn && done < count) {
        Peer.check(keys.isRecord(cursor.key(), cursor.val()), start);
        done++;
        isOn = isUpwards ? cursor.next() : cursor.prev();
      }
      reading.reset();
      return done;
    }

    /** Whether the cursor is past the key looked for: it is never before. */
    private boolean isAboveKey() {
      return !cursor.key().equals(key);
    }

    void close() {
      cursor.close();
      reading.close();
    }
  }
}
