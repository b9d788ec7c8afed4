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

  private Stores() {}

  /** Opens or creates a store whose puts are not waited for. */
  static Store open(String uri, long poolBytes) {
    return open(uri, poolBytes, false);
  }

  /** The same, perhaps with the pages in memory that the life before had. */
  static Store open(String uri, long poolBytes, boolean isWarm) {
    return Store.open(
        StoreConfig.builder()
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
