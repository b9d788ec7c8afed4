// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.io.IOException;
import org.mapdb.DB;
import org.mapdb.DBMaker;
import org.mapdb.Serializer;
import org.mapdb.serializer.GroupSerializer;

/** MapDB's B-tree in a mapped file, without its log: nothing survives a crash. */
final class MapDbPeer<K> implements Peer {
  private static final String MAP = "bench";

  private final String version;
  private final DB store;
  private final HeapKeys<K> keys;
  private final GroupSerializer<K> serializer;
  private volatile MapSession<K> current;

  private MapDbPeer(Settings settings, HeapKeys<K> keys, GroupSerializer<K> serializer)
      throws IOException {
    version = Archive.version("org.mapdb", "mapdb");
    this.keys = keys;
    this.serializer = serializer;
    store =
        DBMaker.fileDB(settings.directory().resolve("store").toFile())
            .fileMmapEnable()
            .fileMmapPreclearDisable()
            .make();
    current =
        new MapSession<>(store.treeMap(MAP, serializer, Serializer.BYTE_ARRAY).create(), keys);
  }

  static Peer open(Settings settings) throws IOException {
    return settings.keys() instanceof NumberKeys
        ? new MapDbPeer<>(settings, new HeapKeys.Longs(), Serializer.LONG)
        : new MapDbPeer<>(settings, new HeapKeys.Arrays(settings.keys()), Serializer.BYTE_ARRAY);
  }

  @Override
  public Session session() {
    return new MapDbSession();
  }

  @Override
  public void endLoad() {
    store.commit();
  }

  @Override
  public String description() {
    return "MapDB "
        + version
        + ", numbers as Long, mapped file, without its log (not safe in a crash), ordered load by"
        + " its sink";
  }

  @Override
  public void close() {
    store.close();
  }

  /** Operations of the map that is there when each is called. */
  private final class MapDbSession implements Session {
    /** Builds another map from the bottom up, which takes the place of the empty one. */
    @Override
    public void loadInOrder(long[] ordered) {
      DB.TreeMapSink<K, byte[]> sink =
          store.treeMap(MAP + "-ordered", serializer, Serializer.BYTE_ARRAY).createFromSink();
      for (long key : ordered) {
        sink.put(keys.of(key), HeapKeys.value(key));
      }
      current = new MapSession<>(sink.create(), keys);
    }

    @Override
    public void put(long key) {
      current.put(key);
    }

    @Override
    public void get(long key) {
      current.get(key);
    }

    @Override
    public int scan(long key, int count, boolean isUpwards) {
      return current.scan(key, count, isUpwards);
    }
  }
}
