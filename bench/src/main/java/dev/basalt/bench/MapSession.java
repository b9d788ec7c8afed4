// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.util.Map;
import java.util.concurrent.ConcurrentNavigableMap;

/** The operations of a store that is a map of the JDK's kind. */
final class MapSession<K> extends HeapSession<K> {
  private final ConcurrentNavigableMap<K, byte[]> map;
  private final HeapKeys<K> keys;

  MapSession(ConcurrentNavigableMap<K, byte[]> map, HeapKeys<K> keys) {
    super(map, keys);
    this.map = map;
    this.keys = keys;
  }

  @Override
  public int scan(long key, int count, boolean isUpwards) {
    K start = keys.of(key);
    Map<K, byte[]> range =
        isUpwards ? map.tailMap(start, true) : map.headMap(start, true).descendingMap();
    int done = 0;
    for (Map.Entry<K, byte[]> entry : range.entrySet()) {
      check(entry.getKey(), entry.getValue(), key);
      if (++done == count) {
        break;
      }
    }
    return done;
  }
}
