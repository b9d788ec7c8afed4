// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A store that is compared, with keys of {@link Keys} and values of {@link Records}: each in its
 * fastest reasonable way.
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

  /** What the store says it has read and written; null where it does not count. */
  default @Nullable Traffic traffic() {
    return null;
  }

  /** What the store's files take on the disk, holes left out. */
  default long spaceBytes(Path directory) throws IOException {
    Process du = new ProcessBuilder("du", "-sk", directory.toString()).start();
    String answer = new String(du.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return Long.parseLong(answer.split("\\s+", -1)[0]) << 10;
  }

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

    /**
     * Stores all records in a store that is empty, in order, by the store's own way of doing so.
     */
    default void loadInOrder(long[] keys) throws IOException {
      loadAll(keys);
    }

    /** Stores new records, some at a time. */
    default void loadAll(long[] keys) {
      for (int from = 0; from < keys.length; from += LOAD_BATCH) {
        load(keys, from, Math.min(keys.length, from + LOAD_BATCH));
      }
    }

    /** Sets the value of a key, in a commit of its own. */
    void put(long key);

    /** Reads the latest committed value of a key. */
    void get(long key);

    /** Reads records from a key on, upwards or downwards; returns how many there were. */
    int scan(long key, int count, boolean isUpwards);
  }

  /**
   * How a store is opened.
   *
   * @param directory an empty directory
   * @param cacheBytes the store's cache, where it has one of its own
   * @param isSync whether a commit is on the disk when it returns
   * @param isDirect whether files are read past the page cache, where the store can, so that its
   *     own cache is all the memory it has
   * @param keys the keys it will be given
   */
  record Settings(Path directory, long cacheBytes, boolean isSync, boolean isDirect, Keys keys) {
    Settings in(Path other) {
      return new Settings(other, cacheBytes, isSync, isDirect, keys);
    }

    String durability() {
      return isSync ? "commits synced" : "commits not synced";
    }
  }

  /** The stores, by the names on the command line. */
  enum Kind {
    BASALT,
    LMDB,
    ROCKSDB,
    MVSTORE,
    MAPDB,
    XODUS,
    SKIPLIST;

    Peer open(Settings settings) throws IOException {
      return switch (this) {
        case BASALT -> new BasaltPeer(settings);
        case LMDB -> new LmdbPeer(settings);
        case ROCKSDB -> new RocksDbPeer(settings);
        case MVSTORE -> MvStorePeer.open(settings);
        case MAPDB -> MapDbPeer.open(settings);
        case XODUS -> new XodusPeer(settings);
        case SKIPLIST -> SkipListPeer.open(settings);
      };
    }

    /** Its name for people. */
    String title() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Complains about a wrong value. */
  static void check(boolean isRight, long key) {
    if (!isRight) {
      throw new IllegalStateException("wrong or missing value for key " + key);
    }
  }
}
