// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.engine.Durability;
import dev.basalt.engine.Store;
import dev.basalt.engine.StoreConfig;
import dev.basalt.index.ContentionConfig;

/** How all benchmarks open a store: the defaults but for what is said here. */
public final class Stores {
  /** The table that holds the records. */
  public static final String TABLE = "bench";

  static final long LOG_BYTES = 1L << 30;
  static final int PAGE_BYTES = 4096;

  /** Small, so that the size of the file is the size of the store. */
  private static final long GROWTH_BYTES = 4L << 20;

  private static final int LOG_FULL_PERCENT = 80;
  private static final String PAGE_BYTES_OPTION = "basalt.bench.page-bytes";

  private Stores() {}

  /** Returns the option of a JVM whose new stores have pages of a size. */
  static String pageBytesOption(int pageBytes) {
    return "-D" + PAGE_BYTES_OPTION + "=" + pageBytes;
  }

  /** Opens or creates a store whose puts are not waited for. */
  public static Store open(String uri, long poolBytes) {
    return open(uri, poolBytes, Durability.none());
  }

  /** Opens or creates a store. */
  static Store open(String uri, long poolBytes, Durability durability) {
    return Store.open(config(uri, poolBytes).durability(durability).build());
  }

  /** Opens a store with the pages in memory that the life before had. */
  static Store openWarm(String uri, long poolBytes) {
    return Store.open(
        config(uri, poolBytes).durability(Durability.none()).warmRestart(true).build());
  }

  private static StoreConfig.Builder config(String uri, long poolBytes) {
    return StoreConfig.builder()
        .device(uri + "?create=true")
        .poolBytes(poolBytes)
        .pageBytes(Integer.getInteger(PAGE_BYTES_OPTION, PAGE_BYTES))
        .logBytes(LOG_BYTES)
        .growthBytes(GROWTH_BYTES)
        .checkpointPercent(LOG_FULL_PERCENT)
        .warmRestart(false);
  }

  /**
   * Opens a new store that is in this process's memory alone, whose puts are not waited for.
   *
   * @param dataBytes what its pages may take, all of them resident
   * @param logBytes the size of its log
   * @param contention when leaves are split for their writers' sake
   */
  public static Store inMemory(long dataBytes, long logBytes, ContentionConfig contention) {
    return Store.open(
        StoreConfig.builder()
            .device("ram:" + (2 * dataBytes + logBytes))
            .poolBytes(dataBytes)
            .logBytes(logBytes)
            .durability(Durability.none())
            .contention(contention)
            .build());
  }
}
