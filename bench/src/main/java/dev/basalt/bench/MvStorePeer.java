// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.h2.engine.Constants;
import org.h2.mvstore.Cursor;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.WriteBuffer;
import org.h2.mvstore.type.BasicDataType;
import org.h2.mvstore.type.ByteArrayDataType;
import org.h2.mvstore.type.DataType;
import org.h2.mvstore.type.LongDataType;

/** H2's MVStore: pages on the heap, written in the background. */
final class MvStorePeer<K> implements Peer {
  private final Settings settings;
  private final HeapKeys<K> keys;
  private final MVStore store;
  private final MVMap<K, byte[]> map;

  private MvStorePeer(Settings settings, HeapKeys<K> keys, DataType<K> keyType) {
    this.settings = settings;
    this.keys = keys;
    store =
        new MVStore.Builder()
            .fileName(settings.directory().resolve("store").toString())
            .cacheSize((int) (settings.cacheBytes() >> 20))
            .open();
    map =
        store.openMap(
            "bench",
            new MVMap.Builder<K, byte[]>().keyType(keyType).valueType(ByteArrayDataType.INSTANCE));
  }

  static Peer open(Settings settings) {
    return settings.keys() instanceof NumberKeys
        ? new MvStorePeer<>(settings, new HeapKeys.Longs(), LongDataType.INSTANCE)
        : new MvStorePeer<>(settings, new HeapKeys.Arrays(settings.keys()), new OrderedArrayType());
  }

  @Override
  public Session session() {
    return new MvStoreSession<>(map, keys);
  }

  @Override
  public void endLoad() {
    store.commit();
  }

  @Override
  public String description() {
    return "H2 MVStore "
        + Constants.VERSION
        + ", cache of "
        + Figures.mebibytes(settings.cacheBytes())
        + ", numbers as Long, commits in the background";
  }

  @Override
  public void close() {
    store.close();
  }

  /** H2's type of byte arrays has no order. */
  private static final class OrderedArrayType extends BasicDataType<byte[]> {
    @Override
    public int compare(byte[] one, byte[] other) {
      return Arrays.compareUnsigned(one, other);
    }

    @Override
    public int getMemory(byte[] array) {
      return ByteArrayDataType.INSTANCE.getMemory(array);
    }

    @Override
    public void write(WriteBuffer buffer, byte[] array) {
      ByteArrayDataType.INSTANCE.write(buffer, array);
    }

    @Override
    public byte[] read(ByteBuffer buffer) {
      return ByteArrayDataType.INSTANCE.read(buffer);
    }

    @Override
    public byte[][] createStorage(int size) {
      return new byte[size][];
    }
  }

  private static final class MvStoreSession<K> extends HeapSession<K> {
    private final MVMap<K, byte[]> map;
    private final HeapKeys<K> keys;

    MvStoreSession(MVMap<K, byte[]> map, HeapKeys<K> keys) {
      super(map, keys);
      this.map = map;
      this.keys = keys;
    }

    @Override
    public int scan(long key, int count, boolean isUpwards) {
      Cursor<K, byte[]> cursor = map.cursor(keys.of(key), null, !isUpwards);
      int done = 0;
      while (done < count && cursor.hasNext()) {
        check(cursor.next(), cursor.getValue(), key);
        done++;
      }
      return done;
    }
  }
}
