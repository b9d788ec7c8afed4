// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import dev.basalt.bufferpool.BufferPoolConfig;
import dev.basalt.index.ContentionConfig;
import dev.basalt.index.MergeConfig;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;

/**
 * How a store is opened. Built by {@link #builder}; {@link #toString} prints the effective
 * configuration in the form of the file that {@link Builder#load} reads.
 *
 * @param device the URI of the device, such as {@code io_uring:/data/store}
 * @param createIfMissing whether a device that holds nothing is formatted
 * @param poolBytes the most memory for pages; the hard limit of the buffer pool
 * @param pageBytes page size of a new store, a power of two
 * @param logBytes size of the log region of a new store
 * @param durability when a write returns
 * @param pollerCount threads that drive the device for blocking callers
 * @param queueDepth commands in flight per queue pair
 * @param storeBytesMax how large a growing store may become; address space of this size is reserved
 * @param growthBytes how much a growing store grows at a time
 * @param checkpointPercent how full the log is when a checkpoint starts
 * @param logWaitMillis how long a write waits for log space before it fails
 * @param contention when a leaf is split because its writers get into each other's way
 * @param warmRestart whether the pages in memory are noted at checkpoints and at close, and read
 *     again in the background after the next open
 * @param merges when a leaf that is about to be evicted is merged with its siblings
 */
public record StoreConfig(
    String device,
    boolean createIfMissing,
    long poolBytes,
    int pageBytes,
    long logBytes,
    Durability durability,
    int pollerCount,
    int queueDepth,
    long storeBytesMax,
    long growthBytes,
    int checkpointPercent,
    int logWaitMillis,
    ContentionConfig contention,
    boolean warmRestart,
    MergeConfig merges) {

  /** Checks each value against its limits. */
  public StoreConfig {
    if (device.isBlank()) {
      throw new IllegalArgumentException(
          "no device is configured; needed: such as device = io_uring:/data/store");
    }
    check("page-size", pageBytes, 4096, 65536);
    if (Integer.bitCount(pageBytes) != 1) {
      throw new IllegalArgumentException("page-size is " + pageBytes + ", needed: a power of two");
    }
    check("pool", poolBytes, (long) BufferPoolConfig.POOL_PAGES_MIN * pageBytes, 1L << 46);
    check("log-size", logBytes, 64L * pageBytes, 1L << 40);
    check("pollers", pollerCount, 1, 64);
    check("queue-depth", queueDepth, 1, 4096);
    check("max-size", storeBytesMax, 1L << 20, 1L << 46);
    check("growth-step", growthBytes, pageBytes, 1L << 36);
    check("checkpoint-at", checkpointPercent, 5, 90);
    check("log-wait", logWaitMillis, 1, 3_600_000);
  }

  /**
   * Starts a configuration with the defaults.
   *
   * @return the builder
   */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * Prints the effective configuration, one option a line.
   *
   * @return text that {@link Builder#load} reads
   */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    for (StoreOption option : StoreOption.values()) {
      text.append(option.key()).append(" = ").append(option.print(this)).append('\n');
    }
    return text.toString();
  }

  private static void check(String key, long value, long min, long max) {
    if (value < min || value > max) {
      throw new IllegalArgumentException(key + " is " + value + ", needed: " + min + " to " + max);
    }
  }

  /**
   * Collects options; the last setting of an option wins.
   *
   * <p><b>Concurrency.</b> Used by one thread at a time.
   */
  public static final class Builder {
    private String device = "";
    private boolean createIfMissing = true;
    private long poolBytes = 256L << 20;
    private int pageBytes = 4096;
    private long logBytes = 256L << 20;
    private Durability durability = Durability.sync();
    private int pollerCount = 1;
    private int queueDepth = 128;
    private long storeBytesMax = 1L << 40;
    private long growthBytes = 64L << 20;
    private int checkpointPercent = 50;
    private int logWaitMillis = 30_000;
    private ContentionConfig contention = ContentionConfig.defaults();
    private boolean warmRestart = true;
    private MergeConfig merges = MergeConfig.defaults();

    private Builder() {}

    /**
     * Reads a properties file; an unknown key is an error that names the nearest one.
     *
     * @param file lines of {@code key = value}
     * @return this
     * @throws IOException when the file cannot be read
     * @throws IllegalArgumentException when a key is unknown or a value malformed
     */
    public Builder load(Path file) throws IOException {
      Properties properties = new Properties();
      try (Reader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
        properties.load(reader);
      }
      for (String key : properties.stringPropertyNames()) {
        try {
          set(key, properties.getProperty(key));
        } catch (IllegalArgumentException e) {
          throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
        }
      }
      return this;
    }

    /**
     * Sets an option by its name in the file.
     *
     * @param key such as {@code pool}
     * @param value such as {@code 1GiB}
     * @return this
     * @throws IllegalArgumentException when the key is unknown or the value malformed
     */
    public Builder set(String key, String value) {
      StoreOption.named(key).apply(this, value.trim());
      return this;
    }

    /**
     * Sets the device.
     *
     * @param uri such as {@code io_uring:/data/store}
     * @return this
     */
    public Builder device(String uri) {
      this.device = uri;
      return this;
    }

    /**
     * Sets whether a device that holds nothing is formatted; true when not set.
     *
     * @param create false to fail instead
     * @return this
     */
    public Builder createIfMissing(boolean create) {
      this.createIfMissing = create;
      return this;
    }

    /**
     * Sets the memory for pages; 256 MiB when not set.
     *
     * @param bytes 64 pages or more
     * @return this
     */
    public Builder poolBytes(long bytes) {
      this.poolBytes = bytes;
      return this;
    }

    /**
     * Sets the page size of a new store; 4,096 when not set.
     *
     * @param bytes a power of two, 4,096 to 65,536
     * @return this
     */
    public Builder pageBytes(int bytes) {
      this.pageBytes = bytes;
      return this;
    }

    /**
     * Sets the log size of a new store; 256 MiB when not set.
     *
     * @param bytes 64 pages or more
     * @return this
     */
    public Builder logBytes(long bytes) {
      this.logBytes = bytes;
      return this;
    }

    /**
     * Sets when a write returns; {@link Durability#sync} when not set.
     *
     * @param mode the mode
     * @return this
     */
    public Builder durability(Durability mode) {
      this.durability = mode;
      return this;
    }

    /**
     * Sets the threads that drive the device for blocking callers; 1 when not set.
     *
     * @param count 1 to 64
     * @return this
     */
    public Builder pollerCount(int count) {
      this.pollerCount = count;
      return this;
    }

    /**
     * Sets the commands in flight per queue pair; 128 when not set.
     *
     * @param depth 1 to 4,096; the device's limit holds as well
     * @return this
     */
    public Builder queueDepth(int depth) {
      this.queueDepth = depth;
      return this;
    }

    /**
     * Sets how large a growing store may become; 1 TiB when not set.
     *
     * @param bytes 1 MiB or more
     * @return this
     */
    public Builder storeBytesMax(long bytes) {
      this.storeBytesMax = bytes;
      return this;
    }

    /**
     * Sets how much a growing store grows at a time; 64 MiB when not set.
     *
     * @param bytes one page or more
     * @return this
     */
    public Builder growthBytes(long bytes) {
      this.growthBytes = bytes;
      return this;
    }

    /**
     * Sets how full the log is when a checkpoint starts; 50 when not set.
     *
     * @param percent 5 to 90
     * @return this
     */
    public Builder checkpointPercent(int percent) {
      this.checkpointPercent = percent;
      return this;
    }

    /**
     * Sets how long a write waits for log space before it fails; 30,000 when not set.
     *
     * @param millis 1 to 3,600,000
     * @return this
     */
    public Builder logWaitMillis(int millis) {
      this.logWaitMillis = millis;
      return this;
    }

    /**
     * Sets when a leaf is split because its writers get into each other's way.
     *
     * @param config the rule; {@link ContentionConfig#defaults} when not set
     * @return this
     */
    public Builder contention(ContentionConfig config) {
      this.contention = config;
      return this;
    }

    /**
     * Sets whether a store that is opened again reads the pages it had in memory, in the
     * background; true when not set.
     *
     * @param warm false to start with an empty pool, and to note nothing
     * @return this
     */
    public Builder warmRestart(boolean warm) {
      this.warmRestart = warm;
      return this;
    }

    Builder contentionSample(int interval) {
      return contention(
          new ContentionConfig(
              interval, contention.periodUpdates(), contention.thresholdPercent()));
    }

    Builder contentionPeriod(int updates) {
      return contention(
          new ContentionConfig(
              contention.sampleInterval(), updates, contention.thresholdPercent()));
    }

    Builder contentionThreshold(int percent) {
      return contention(
          new ContentionConfig(contention.sampleInterval(), contention.periodUpdates(), percent));
    }

    /**
     * Sets when a leaf that is about to be evicted is merged with its siblings.
     *
     * @param config the rule; {@link MergeConfig#defaults} when not set
     * @return this
     */
    public Builder merges(MergeConfig config) {
      this.merges = config;
      return this;
    }

    Builder mergeSiblings(int count) {
      return merges(new MergeConfig(count, merges.belowPercent()));
    }

    Builder mergeBelow(int percent) {
      return merges(new MergeConfig(merges.siblingsMax(), percent));
    }

    /**
     * Checks the options and returns them.
     *
     * @return the configuration
     * @throws IllegalArgumentException when a value is outside its limits
     */
    public StoreConfig build() {
      return new StoreConfig(
          device,
          createIfMissing,
          poolBytes,
          pageBytes,
          logBytes,
          durability,
          pollerCount,
          queueDepth,
          storeBytesMax,
          growthBytes,
          checkpointPercent,
          logWaitMillis,
          contention,
          warmRestart,
          merges);
    }
  }
}
