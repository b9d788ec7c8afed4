// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.lmdbjava.Cursor;
import org.lmdbjava.Dbi;
import org.lmdbjava.DbiFlags;
import org.lmdbjava.Env;
import org.lmdbjava.EnvFlags;
import org.lmdbjava.GetOp;
import org.lmdbjava.Meta;
import org.lmdbjava.Txn;

/**
 * LMDB through lmdbjava, mapped wholly and writable, not synced. Read transactions are renewed for
 * each operation, so that it sees every commit before it, as those of the others do. Gets copy the
 * value, as the others do; scans look at it in place.
 */
final class LmdbPeer implements Peer {
  private static final long MAP_BYTES = 16L << 30;
  private static final int READERS_MAX = 1_100;

  private final Env<ByteBuffer> env;
  private final Dbi<ByteBuffer> table;
  private final List<LmdbSession> sessions = new ArrayList<>();

  LmdbPeer(Path directory) {
    env =
        Env.create()
            .setMapSize(MAP_BYTES)
            .setMaxReaders(READERS_MAX)
            .open(
                directory.toFile(),
                EnvFlags.MDB_NOSYNC,
                EnvFlags.MDB_WRITEMAP,
                EnvFlags.MDB_NORDAHEAD,
                EnvFlags.MDB_NOTLS);
    table = env.openDbi((String) null, DbiFlags.MDB_CREATE);
  }

  @Override
  public synchronized Session session() {
    LmdbSession session = new LmdbSession();
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
        + ", NOSYNC WRITEMAP NORDAHEAD, loads in transactions of "
        + LOAD_BATCH;
  }

  @Override
  public void close() {
    sessions.forEach(LmdbSession::close);
    env.close();
  }

  private final class LmdbSession implements Session {
    private final ByteBuffer key = ByteBuffer.allocateDirect(Records.KEY_BYTES);
    private final ByteBuffer value = ByteBuffer.allocateDirect(Records.VALUE_BYTES);
    private final MemorySegment keyMemory = MemorySegment.ofBuffer(key);
    private final MemorySegment valueMemory = MemorySegment.ofBuffer(value);
    private final Txn<ByteBuffer> reading = env.txnRead();
    private final Cursor<ByteBuffer> cursor = table.openCursor(reading);

    LmdbSession() {
      reading.reset();
    }

    @Override
    public void load(long[] keys, int from, int limit) {
      try (Txn<ByteBuffer> writing = env.txnWrite()) {
        for (int i = from; i < limit; i++) {
          put(writing, keys[i]);
        }
        writing.commit();
      }
    }

    @Override
    public void put(long next) {
      try (Txn<ByteBuffer> writing = env.txnWrite()) {
        put(writing, next);
        writing.commit();
      }
    }

    private void put(Txn<ByteBuffer> writing, long next) {
      Records.setKey(keyMemory, next);
      Records.setValue(valueMemory, next);
      table.put(writing, key, value);
    }

    @Override
    public void get(long wanted) {
      Records.setKey(keyMemory, wanted);
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
      Records.setKey(keyMemory, start);
      reading.renew();
      cursor.renew(reading);
      int done = 0;
      boolean isOn = cursor.get(key, GetOp.MDB_SET_RANGE) || !isUpwards && cursor.last();
      if (!isUpwards && isOn && isAbove(start)) {
        isOn = cursor.prev();
      }
      while (isOn && done < count) {
        long found = cursor.key().getLong(0);
        ByteBuffer bytes = cursor.val();
        boolean isRight =
            bytes.getLong(0) == found
                && bytes.getLong(Records.VALUE_BYTES - Records.KEY_BYTES) == ~found;
        Peer.check(isRight, found);
        done++;
        isOn = isUpwards ? cursor.next() : cursor.prev();
      }
      reading.reset();
      return done;
    }

    private boolean isAbove(long start) {
      return Long.compareUnsigned(cursor.key().getLong(0), start) > 0;
    }

    void close() {
      cursor.close();
      reading.close();
    }
  }
}
