// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.io.IOException;
import java.nio.file.Path;

/**
 * A store that is compared, with the records of {@link Records}: each in its fastest reasonable
 * way, without waiting for the disk.
 *
 * <p><b>Concurrency.</b> Any thread; a session is used by one at a time.
 */
interface Peer extends AutoCloseable {
  /** How many records may be committed together during a load, where that makes it faster. */
  int LOAD_BATCH = 1_000;

  /** Opens a session of a thread, which the store closes. */
  Session session();

  /** Makes what was loaded part of the store's files. */
  void endLoad() throws IOException;

  /** Says which version this is, and how it was opened. */
  String description();

  @Override
  void close() throws IOException;

  /** The operations. Values read are checked. */
  interface Session {
    /** Stores new records, in order of the array, from one index to below another. */
    default void load(long[] keys, int from, int limit) {
      for (int i = from; i < limit; i++) {
        put(keys[i]);
      }
    }

    /** Sets the value of a key, in a commit of its own. */
    void put(long key);

    /** Reads the latest committed value of a key. */
    void get(long key);

    /** Reads records from a key on, upwards or downwards; returns how many there were. */
    int scan(long key, int count, boolean isUpwards);
  }

  /** The stores, by the names on the command line. */
  enum Kind {
    BASALT,
    LMDB,
    ROCKSDB,
    MVSTORE,
    SKIPLIST;

    Peer open(Path directory, long cacheBytes) throws IOException {
      return switch (this) {
        case BASALT -> new BasaltPeer(directory, cacheBytes);
        case LMDB -> new LmdbPeer(directory);
        case ROCKSDB -> new RocksDbPeer(directory, cacheBytes);
        case MVSTORE -> new MvStorePeer(directory, cacheBytes);
        case SKIPLIST -> new SkipListPeer();
      };
    }
  }

  /** Complains about a wrong value. */
  static void check(boolean isRight, long key) {
    if (!isRight) {
      throw new IllegalStateException("wrong or missing value for key " + key);
    }
  }
}
