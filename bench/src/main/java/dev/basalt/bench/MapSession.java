// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.concurrent.ConcurrentNavigableMap;

/**
 * The operations of a store that is a map of the JDK's kind.
 *
 * @param map the store
 * @param keys its keys
 */
record MapSession<K>(ConcurrentNavigableMap<K, byte[]> map, HeapKeys<K> keys)
    implements Peer.Session {
  @Override
  public void put(long key) {
    map.put(keys.of(key), HeapKeys.value(key));
  }

  @Override
  public void get(long key) {
    byte[] value = map.get(keys.of(key));
    Peer.check(value != null && Records.isValueOf(MemorySegment.ofArray(value), key), key);
  }

  @Override
  public int scan(long key, int count, boolean isUpwards) {
    K start = keys.of(key);
    Map<K, byte[]> range =
        isUpwards ? map.tailMap(start, true) : map.headMap(start, true).descendingMap();
    int done = 0;
    for (Map.Entry<K, byte[]> entry : range.entrySet()) {
      Peer.check(keys.isRecord(entry.getKey(), entry.getValue()), key);
      if (++done == count) {
        break;
      }
    }
    return done;
  }
}
