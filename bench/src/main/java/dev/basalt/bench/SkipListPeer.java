// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;

/** The JDK's map on the heap: no files, no cache, no limits. */
final class SkipListPeer implements Peer {
  private final ConcurrentSkipListMap<Long, byte[]> map = new ConcurrentSkipListMap<>();

  @Override
  public Session session() {
    return new SkipListSession(map);
  }

  @Override
  public void endLoad() {
    // nothing is kept
  }

  @Override
  public String description() {
    return "JDK " + Runtime.version() + ", keys as Long, on the heap";
  }

  @Override
  public void close() {
    map.clear();
  }

  private record SkipListSession(ConcurrentSkipListMap<Long, byte[]> map) implements Session {
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
      Map<Long, byte[]> range =
          isUpwards ? map.tailMap(key, true) : map.headMap(key, true).descendingMap();
      int done = 0;
      for (Map.Entry<Long, byte[]> entry : range.entrySet()) {
        boolean isRight =
            Records.isValueOf(MemorySegment.ofArray(entry.getValue()), entry.getKey());
        Peer.check(isRight, entry.getKey());
        if (++done == count) {
          break;
        }
      }
      return done;
    }
  }
}
