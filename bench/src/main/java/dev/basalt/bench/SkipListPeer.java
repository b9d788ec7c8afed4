// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.ConcurrentSkipListMap;

/** The JDK's map on the heap: no files, no cache, no limits. */
final class SkipListPeer<K> implements Peer {
  private final ConcurrentSkipListMap<K, byte[]> map;
  private final HeapKeys<K> keys;

  private SkipListPeer(ConcurrentSkipListMap<K, byte[]> map, HeapKeys<K> keys) {
    this.map = map;
    this.keys = keys;
  }

  static Peer open(Settings settings) {
    return settings.keys() instanceof NumberKeys
        ? new SkipListPeer<>(new ConcurrentSkipListMap<>(), new HeapKeys.Longs())
        : new SkipListPeer<>(
            new ConcurrentSkipListMap<>(Arrays::compareUnsigned),
            new HeapKeys.Arrays(settings.keys()));
  }

  @Override
  public Session session() {
    return new MapSession<>(map, keys);
  }

  @Override
  public void endLoad() {
    // nothing is kept
  }

  @Override
  public long spaceBytes(Path directory) {
    return 0;
  }

  @Override
  public String description() {
    return "ConcurrentSkipListMap of JDK " + Runtime.version() + ", numbers as Long, on the heap";
  }

  @Override
  public void close() {
    map.clear();
  }
}
