// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.ConcurrentMap;

/**
 * The operations of a store that is a map of objects; how it is scanned, subclasses know.
 *
 * @param <K> the class of its keys
 */
abstract class HeapSession<K> implements Peer.Session {
  private final ConcurrentMap<K, byte[]> map;
  private final HeapKeys<K> keys;

  HeapSession(ConcurrentMap<K, byte[]> map, HeapKeys<K> keys) {
    this.map = map;
    this.keys = keys;
  }

  @Override
  public final void put(long key) {
    map.put(keys.of(key), HeapKeys.value(key));
  }

  @Override
  public final void get(long key) {
    byte[] value = map.get(keys.of(key));
    Peer.check(value != null && Records.isValueOf(MemorySegment.ofArray(value), key), key);
  }

  /** Complains when a value found with a key is not that key's. */
  final void check(K key, byte[] value, long start) {
    Peer.check(keys.isRecord(key, value), start);
  }
}
