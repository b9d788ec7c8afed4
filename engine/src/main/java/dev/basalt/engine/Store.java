// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import java.util.List;

/**
 * An ordered key-value store on one device: several named tables, a write-ahead log, recovery.
 *
 * <pre>{@code
 * StoreConfig config = StoreConfig.builder().device("io_uring:/data/store").build();
 * try (Store store = Store.open(config)) {
 *   Table table = store.table("default");
 *   table.put(key, value);
 *   byte[] found = table.get(key);
 * }
 * }</pre>
 *
 * <p><b>Concurrency.</b> All methods may be called by any thread. {@link #close} waits for the
 * calls under way; every later call throws {@link StoreClosedException}.
 */
// The lower layers are not there yet: each method says so.
@SuppressWarnings({"DoNotCallSuggester", "UnusedMethod"})
public final class Store implements AutoCloseable {
  private final StoreConfig config;

  private Store(StoreConfig config) {
    this.config = config;
  }

  /**
   * Opens the store on a device, formats it first when nothing is there, recovers when it was not
   * closed.
   *
   * @param config device and options
   * @return the open store
   * @throws StoreFormatException when the device holds something else, a newer format or too little
   * @throws StoreBusyException when another process has it open
   * @throws StoreDamagedException when what is there cannot be read
   * @throws StoreException when the device cannot be opened
   */
  public static Store open(StoreConfig config) {
    throw unavailable();
  }

  /**
   * Returns a table, creating it when absent.
   *
   * @param name 1 to 255 bytes in UTF-8
   * @return the table, the same one for the same name
   */
  public Table table(String name) {
    throw unavailable();
  }

  /**
   * Lists the tables.
   *
   * @return their names in order
   */
  public List<String> tables() {
    throw unavailable();
  }

  /**
   * Makes all changes of a batch visible and durable together: one log record, all or nothing after
   * a crash.
   *
   * @param batch the changes; may be cleared afterwards
   * @throws IllegalArgumentException when the batch is too large for the log; the message says how
   *     large it may be
   */
  public void write(WriteBatch batch) {
    throw unavailable();
  }

  /** Writes all changes so far to their pages and frees their part of the log; writers go on. */
  public void checkpoint() {
    throw unavailable();
  }

  /**
   * Checks the structure of the whole store: order, fences, links, checksums, each page owned once.
   * Writers wait meanwhile.
   *
   * @return what was found
   */
  public VerifyReport verify() {
    throw unavailable();
  }

  /**
   * Returns what the store has done since it was opened.
   *
   * @return a snapshot, not atomic over all counters
   */
  public StoreStatistics statistics() {
    throw unavailable();
  }

  /**
   * Returns the effective configuration.
   *
   * @return the configuration; page and log size are those of the store
   */
  public StoreConfig config() {
    return config;
  }

  /** Waits for the calls under way, takes a checkpoint, and releases everything. Idempotent. */
  @Override
  public void close() {}

  static StoreException unavailable() {
    return new StoreException("the engine's lower layers are not part of this build yet");
  }
}
