// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.engine.Durability;
import dev.basalt.engine.Store;
import dev.basalt.engine.StoreConfig;

/** How all benchmarks open a store: the defaults but for what is said here. */
final class Stores {
  static final String TABLE = "bench";
  static final long LOG_BYTES = 1L << 30;

  /** Small, so that the size of the file is the size of the store. */
  private static final long GROWTH_BYTES = 4L << 20;

  private static final int LOG_FULL_PERCENT = 80;
  private static final String PAGE_BYTES = "basalt.bench.page-bytes";

  private Stores() {}

  /** Returns the option of a JVM whose new stores have pages of a size. */
  static String pageBytesOption(int pageBytes) {
    return "-D" + PAGE_BYTES + "=" + pageBytes;
  }

  /** Opens or creates a store whose puts are not waited for. */
  static Store open(String uri, long poolBytes) {
    return open(uri, poolBytes, false);
  }

  /** The same, perhaps with the pages in memory that the life before had. */
  static Store open(String uri, long poolBytes, boolean isWarm) {
    StoreConfig.Builder builder = StoreConfig.builder();
    Integer pageBytes = Integer.getInteger(PAGE_BYTES);
    if (pageBytes != null) {
      builder.pageBytes(pageBytes);
    }
    return Store.open(
        builder
            .device(uri + "?create=true")
            .poolBytes(poolBytes)
            .logBytes(LOG_BYTES)
            .growthBytes(GROWTH_BYTES)
            .checkpointPercent(LOG_FULL_PERCENT)
            .durability(Durability.none())
            .warmRestart(isWarm)
            .build());
  }
}
