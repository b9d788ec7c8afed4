// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.h2.engine.Constants;
import org.h2.mvstore.Cursor;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.type.ByteArrayDataType;
import org.h2.mvstore.type.LongDataType;

/** H2's MVStore: pages on the heap, written in the background. */
final class MvStorePeer implements Peer {
  private final MVStore store;
  private final MVMap<Long, byte[]> map;

  MvStorePeer(Path directory, long cacheBytes) {
    store =
        new MVStore.Builder()
            .fileName(directory.resolve("store").toString())
            .cacheSize((int) (cacheBytes >> 20))
            .open();
    map =
        store.openMap(
            "bench",
            new MVMap.Builder<Long, byte[]>()
                .keyType(LongDataType.INSTANCE)
                .valueType(ByteArrayDataType.INSTANCE));
  }

  @Override
  public Session session() {
    return new MvStoreSession(map);
  }

  @Override
  public void endLoad() {
    store.commit();
  }

  @Override
  public String description() {
    return "H2 " + Constants.VERSION + ", keys as Long, commits in the background";
  }

  @Override
  public void close() {
    store.close();
  }

  private record MvStoreSession(MVMap<Long, byte[]> map) implements Session {
    @Override
    public void put(long key) {
      byte[] value = new byte[Records.VALUE_BYTES];
      Records.setValue(MemorySegment.ofArray(value), key);
      map.put(key, value);
    }

    @Override
    public void get(long key) {
      byte[] value = map.get(key);
      Peer.check(value != null && Records.isValueOf(MemorySegment.ofArray(value), key), key);
    }

    @Override
    public int scan(long key, int count, boolean isUpwards) {
      Cursor<Long, byte[]> cursor = map.cursor(key, null, !isUpwards);
      int done = 0;
      while (done < count && cursor.hasNext()) {
        long found = cursor.next();
        Peer.check(Records.isValueOf(MemorySegment.ofArray(cursor.getValue()), found), found);
        done++;
      }
      return done;
    }
  }
}
