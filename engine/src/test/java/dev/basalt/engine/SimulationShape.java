// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import dev.basalt.engine.internal.wal.StoreLayout;
import dev.basalt.index.ContentionConfig;
import dev.basalt.index.MergeConfig;
import dev.basalt.iostack.sim.SimulatedGeometry;
import java.util.Random;

/**
 * What one seed's store is like, in all its lives. Small against its data, so that pages are
 * evicted, the log runs full and trees have several levels within a few hundred operations.
 *
 * @param poolPages memory for pages, also those on their way to the device
 * @param logBytes the log
 * @param checkpointPercent how full the log is when a checkpoint begins
 * @param growthPages by how much the store grows
 * @param geometry the device
 * @param tableCount the most tables
 * @param keyCount keys a table can hold
 * @param keyPaddingBytesMax bytes in a key that say nothing
 * @param valueBytesMax the longest value stored in a leaf
 * @param largePercent values that take pages of their own
 * @param largeBytesMax the longest of them
 * @param clientCount concurrent clients
 * @param contention when leaves are split for contention; by most seeds, after few updates
 * @param merges when leaves that are about to be evicted are merged
 */
record SimulationShape(
    int poolPages,
    long logBytes,
    int checkpointPercent,
    int growthPages,
    SimulatedGeometry geometry,
    int tableCount,
    int keyCount,
    int keyPaddingBytesMax,
    int valueBytesMax,
    int largePercent,
    int largeBytesMax,
    int clientCount,
    ContentionConfig contention,
    MergeConfig merges) {
  static final int PAGE_BYTES = 4096;
  private static final int KEYS_PER_GROUP = 16;
  private static final int BLOCK_BYTES = 512;
  private static final int TIGHT_ONE_IN = 12;
  private static final int LOG_UNIT_BYTES = 1 << 18;
  private static final long DEVICE_BYTES = 2 << 20;
  private static final long DEVICE_BYTES_MAX = 64 << 20;

  /** Draws a shape. */
  static SimulationShape draw(Random random) {
    boolean hasLongKeys = random.nextInt(3) == 0;
    long logBytes = (long) one(random, 1, 1, 2, 3, 4, 8) * LOG_UNIT_BYTES;
    return new SimulationShape(
        one(random, 64, 64, 64, 72, 100, 256),
        logBytes,
        one(random, 10, 50, 50, 75, 90, 90),
        one(random, 1, 16, 64),
        geometry(random, logBytes),
        1 + random.nextInt(4),
        one(random, 30, 150, 600, 600, 1_500),
        hasLongKeys ? one(random, 300, 900) : 40,
        one(random, 60, 300, 850, 850),
        one(random, 0, 2, 5, 25),
        one(random, 3_000, 20_000, 60_000),
        one(random, 1, 2, 3, 3, 4, 6),
        new ContentionConfig(one(random, 0, 1, 1, 1, 2, 128), one(random, 1, 4, 16), 1),
        new MergeConfig(one(random, 0, 1, 5, 5, 5, 8), one(random, 50, 90, 90, 100)));
  }

  /** Some devices are too small for the data. */
  private static SimulatedGeometry geometry(Random random, long logBytes) {
    int blockBytes = random.nextInt(8) == 0 ? PAGE_BYTES : BLOCK_BYTES;
    int atomicBytes = random.nextInt(4) == 0 ? PAGE_BYTES : blockBytes;
    long tightBytes = (1L << 20) + logBytes + (long) (70 + random.nextInt(200)) * PAGE_BYTES;
    long mostBytes = random.nextInt(TIGHT_ONE_IN) == 0 ? tightBytes : DEVICE_BYTES_MAX;
    return new SimulatedGeometry(
        Math.min(DEVICE_BYTES, mostBytes) / blockBytes,
        mostBytes / blockBytes,
        blockBytes,
        atomicBytes,
        random.nextInt(8) != 0);
  }

  private static int one(Random random, int... choices) {
    return choices[random.nextInt(choices.length)];
  }

  /** Returns the configuration of one life. */
  StoreConfig config(Durability durability) {
    return StoreConfig.builder()
        .device("sim:")
        .pageBytes(PAGE_BYTES)
        .poolBytes((long) poolPages * PAGE_BYTES)
        .logBytes(logBytes)
        .checkpointPercent(checkpointPercent)
        .growthBytes((long) growthPages * PAGE_BYTES)
        .storeBytesMax(DEVICE_BYTES_MAX)
        .queueDepth(8)
        .durability(durability)
        .contention(contention)
        .merges(merges)
        .build();
  }

  /** Returns where page 0 is. */
  long pageAreaBytes() {
    return StoreLayout.create(EngineSimulation.STORE_ID, PAGE_BYTES, logBytes, 1)
        .pageAreaOffsetBytes();
  }

  String table(int index) {
    return "table-" + index;
  }

  /**
   * Returns a key. Neighbours differ at the end only, so that separators are as long as keys, and
   * inner nodes hold few.
   */
  String key(int index) {
    int group = index / KEYS_PER_GROUP;
    int paddingBytes = (int) (group * 2_654_435_761L % 7 * keyPaddingBytesMax / 6);
    return (1_000 + group) + "k".repeat(paddingBytes) + (10 + index % KEYS_PER_GROUP);
  }

  /** Draws a value: begins with its key, and no two places in it are alike. */
  String value(String key, Random random) {
    boolean isLarge = random.nextInt(100) < largePercent;
    int length = random.nextInt(isLarge ? largeBytesMax : valueBytesMax);
    String pattern = key + "=" + random.nextInt() + ";";
    return pattern.repeat(length / pattern.length() + 1);
  }
}
