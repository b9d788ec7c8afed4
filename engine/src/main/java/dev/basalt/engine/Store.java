// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import dev.basalt.engine.internal.ChangeList;
import dev.basalt.engine.internal.Engine;
import dev.basalt.engine.internal.EngineSwitches;
import dev.basalt.engine.internal.StoreFailure;
import dev.basalt.engine.internal.TableTree;
import dev.basalt.index.TreeContention;
import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.Devices;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.linux.FileLockedException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.SortedMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

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
public final class Store implements AutoCloseable {
  private final StoreConfig config;
  private final Engine engine;
  private final ConcurrentHashMap<String, Table> tables = new ConcurrentHashMap<>();

  private Store(StoreConfig config, Engine engine) {
    this.config = config;
    this.engine = engine;
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
   * @throws StoreFullException when there is no space for a new store
   * @throws StoreException when the device cannot be opened
   */
  public static Store open(StoreConfig config) {
    Execution execution = Execution.threads();
    BlockDevice device;
    try {
      device =
          config.createIfMissing()
              ? Devices.openOrCreate(config.device(), execution)
              : Devices.open(config.device(), execution);
    } catch (FileLockedException e) {
      throw new StoreBusyException(e.getMessage(), e);
    } catch (IOException e) {
      throw new StoreException(e.getMessage(), e);
    }
    return open(config, device, execution, EngineSwitches.NONE_BROKEN, UUID.randomUUID());
  }

  /**
   * Opens a store on a device of the caller's, which the store closes; for tests and simulation.
   */
  static Store open(
      StoreConfig config,
      BlockDevice device,
      Execution execution,
      EngineSwitches switches,
      UUID newStoreId) {
    try {
      return new Store(config, Engine.open(config, device, execution, switches, newStoreId));
    } catch (IOException e) {
      throw new StoreFailure().translate(e);
    }
  }

  /**
   * Returns a table, creating it when absent.
   *
   * @param name 1 to 255 bytes in UTF-8
   * @return the table, the same one for the same name
   */
  public Table table(String name) {
    Table present = tables.get(name);
    if (present != null) {
      engine.checkUsable();
      return present;
    }
    TableTree tree = engine.table(name);
    return tables.computeIfAbsent(name, _ -> new Table(engine, tree));
  }

  /**
   * Lists the tables.
   *
   * @return their names in order
   */
  public List<String> tables() {
    return engine.tableNames();
  }

  /**
   * Returns how many changes of small records to put into one batch when loading: as many as take
   * at most half of the log in the worst case. Much larger batches are refused by {@link #write}.
   *
   * @return 1 to 1,000
   */
  public int batchSizeAdvised() {
    return engine.batchSizeAdvised();
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
    if (batch.size() == 0) {
      return;
    }
    ChangeList changes = new ChangeList();
    for (int i = 0; i < batch.size(); i++) {
      byte[] value = batch.value(i);
      Table.checkValue(value == null ? 0 : value.length);
      MemorySegment key = MemorySegment.ofArray(batch.key(i));
      TableTree tree = table(batch.table(i)).tree();
      changes.add(tree, key, value == null ? null : MemorySegment.ofArray(value));
    }
    engine.write(changes);
  }

  /** Writes all changes so far to their pages and frees their part of the log; writers go on. */
  public void checkpoint() {
    engine.checkpoint();
  }

  /**
   * Checks the structure of the whole store: order, fences, links, checksums, each page owned once.
   * Writers wait meanwhile.
   *
   * @return what was found
   */
  public VerifyReport verify() {
    return engine.verify();
  }

  /**
   * Returns what the store has done since it was opened.
   *
   * @return a snapshot, not atomic over all counters
   */
  public StoreStatistics statistics() {
    return engine.statistics();
  }

  /**
   * Returns how much writers got into each other's way since the store was opened, and where.
   *
   * @return by the name of the table, in order
   */
  public SortedMap<String, TreeContention> contention() {
    return engine.contention();
  }

  /**
   * Returns what an earlier life of the store, closed in order, saved of that.
   *
   * @return the leaves at which writers met most; none when they never did
   */
  public SavedContention savedContention() {
    return engine.savedContention();
  }

  /**
   * Returns the effective configuration.
   *
   * @return the configuration; page and log size are those of the store
   */
  public StoreConfig config() {
    return config;
  }

  /**
   * Waits for the calls under way, takes a checkpoint, and releases everything. Idempotent: whoever
   * else closes the store waits until it is closed, and may open it again at once.
   */
  @Override
  public void close() {
    engine.close();
  }
}
