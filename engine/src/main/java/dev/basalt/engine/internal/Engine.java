// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import dev.basalt.engine.Range;
import dev.basalt.engine.SavedContention;
import dev.basalt.engine.SortedSource;
import dev.basalt.engine.StoreClosedException;
import dev.basalt.engine.StoreConfig;
import dev.basalt.engine.StoreFullException;
import dev.basalt.engine.StoreStatistics;
import dev.basalt.engine.VerifyReport;
import dev.basalt.engine.internal.BulkLoad.LoadParts;
import dev.basalt.engine.internal.Commits.CommitMode;
import dev.basalt.engine.internal.wal.LogFullException;
import dev.basalt.index.PageSpace;
import dev.basalt.index.TreeContention;
import dev.basalt.index.TreeLoader;
import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.agent.Execution;
import dev.basalt.iostack.agent.ParkingLot;
import dev.basalt.iostack.agent.WaitCondition;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * An open store: the layers, wired. The public classes are thin over it.
 *
 * <p><b>Concurrency.</b> All methods may be called by any thread. Each operation passes the gate,
 * so that closing finds nobody inside.
 */
public final class Engine implements AutoCloseable {
  private static final int LOAD_BATCH_SIZE_MAX = 128;

  private final StoreParts parts;
  private final StoreFailure failure = new StoreFailure();
  private final OperationGate<Operation> gate;
  private final PendingRuns pendingRuns;
  private final Checkpointer checkpointer;
  private final StoreSpace space;
  private final Tables tables;
  private final LargeValues largeValues;
  private final GetTogether getTogether;
  private final Commits commits;
  private final MergeAgent merges;
  private final KeyLocks creationLock;
  private final ParkingLot closeLot;
  private final WaitCondition isClosing = _ -> isClosing();
  private final List<OperationCounters> counters = new ArrayList<>();
  private volatile boolean isClosed;

  private Engine(
      StoreConfig config, StoreParts parts, Execution execution, EngineSwitches switches) {
    this.parts = parts;
    int slots = OperationGate.slotCount(parts.pool().frameCount());
    gate = new OperationGate<>(execution, slots, this::newOperation);
    PageSpace pages =
        new PageSpace(
            parts.pool(), parts.log(), parts.layout().pageBytes(), parts.layout().pageCount());
    space =
        new StoreSpace(
            pages,
            parts.io(),
            parts.layout(),
            StoreOpener.pageCountMax(config, parts.device(), parts.layout()),
            config.growthBytes(),
            failure,
            execution);
    UnfreedRuns unfreed = new UnfreedRuns(parts.wal(), pages);
    pendingRuns = new PendingRuns(parts, space, execution);
    checkpointer =
        new Checkpointer(
            parts,
            pages::pageLimit,
            unfreed,
            pendingRuns,
            new HotPages(parts, pages, config.warmRestart()),
            failure,
            execution);
    tables = new Tables(pages, config.contention());
    largeValues = new LargeValues(parts, unfreed, failure);
    getTogether = new GetTogether(gate, failure, parts.pool(), largeValues);
    CommitMode mode = new CommitMode(config.durability(), switches);
    commits = new Commits(parts, space, tables, largeValues, mode, failure, execution);
    merges = new MergeAgent(parts, space, tables, gate, failure, config.merges());
    creationLock = new KeyLocks(execution);
    closeLot = new ParkingLot(execution);
    parts.io().whenFailed(failure::poison);
    parts.wal().whenFailed(failure::poison);
    parts.pool().whenFailed(failure::poison);
  }

  /**
   * Opens the store on a device.
   *
   * @param config options
   * @param device the device, closed with the engine, or when opening fails
   * @param execution the seam
   * @param switches rules that a test breaks
   * @param newStoreId the id of the store if it is created
   * @return the engine
   * @throws IOException when a layer fails
   */
  public static Engine open(
      StoreConfig config,
      BlockDevice device,
      Execution execution,
      EngineSwitches switches,
      UUID newStoreId)
      throws IOException {
    boolean isOpen = false;
    StoreParts parts = null;
    Engine engine = null;
    try {
      parts = new StoreOpener(config, device, execution, switches, newStoreId).open();
      engine = new Engine(config, parts, execution, switches);
      engine.recover(switches.watcher());
      engine.checkpointer.start(execution);
      engine.merges.start(execution);
      isOpen = true;
      return engine;
    } finally {
      if (!isOpen) {
        if (engine != null) {
          engine.checkpointer.close(); // it may be at the pages
        }
        if (parts != null) {
          parts.close();
        }
        device.close();
      }
    }
  }

  private void recover(EngineSwitches.Watcher watcher) throws IOException {
    Operation op = gate.enterWriter();
    try {
      Recovery recovery = new Recovery(parts, space, checkpointer, watcher);
      recovery.redoStructure();
      recovery.finishCreation(op.key);
      space.pages().load();
      tables.load();
      if (recovery.isNeeded()) {
        recovery.redoContent(tables, op);
      }
    } finally {
      gate.exit(op);
    }
  }

  private synchronized Operation newOperation(int index) {
    OperationCounters ofSlot = new OperationCounters();
    counters.add(ofSlot);
    return new Operation(index, ofSlot);
  }

  /**
   * Returns a table, creating it when absent.
   *
   * @param name its name
   * @return the table
   */
  public TableTree table(String name) {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    if (bytes.length < 1 || bytes.length > 255) {
      throw new IllegalArgumentException(
          "table name has " + bytes.length + " bytes in UTF-8, needed: 1 to 255");
    }
    Operation op = gate.enterWriter();
    try {
      failure.check();
      TableTree present = tables.find(name);
      return present == null ? create(op, name, bytes) : present;
    } catch (IOException e) {
      throw failure.translate(e);
    } finally {
      gate.exit(op);
    }
  }

  private TableTree create(Operation op, String name, byte[] bytes) throws IOException {
    creationLock.lock(0);
    try {
      TableTree present = tables.find(name);
      if (present == null) {
        commits.createTable(op, bytes);
        op.counters.increment(OperationCounters.PUTS);
        present = tables.find(name);
      }
      return Objects.requireNonNull(present, name);
    } finally {
      creationLock.unlock(0);
    }
  }

  /**
   * Returns the names of the tables.
   *
   * @return in order
   */
  public List<String> tableNames() {
    Operation op = gate.enterReader();
    try {
      failure.check();
      return List.copyOf(tables.all().keySet());
    } finally {
      gate.exit(op);
    }
  }

  /**
   * Reads a value.
   *
   * @param table the table
   * @param key the key
   * @return a copy, or null
   */
  public byte @Nullable [] get(TableTree table, byte[] key) {
    Operation op = gate.enterReader();
    try {
      failure.check();
      op.counters.increment(OperationCounters.GETS);
      boolean isFound = table.tree().get(op.key.set(key), op.value);
      return isFound ? largeValues.bytes(table.tree(), op.key, op.value) : null;
    } catch (IOException e) {
      throw failure.translate(e);
    } finally {
      gate.exit(op);
    }
  }

  /**
   * Reads a value into the caller's memory.
   *
   * @param table the table
   * @param key the key
   * @param target takes as much as it has room for
   * @return the length of the value, or -1
   */
  public long get(TableTree table, MemorySegment key, MemorySegment target) {
    Operation op = gate.enterReader();
    try {
      failure.check();
      op.counters.increment(OperationCounters.GETS);
      boolean isFound = table.tree().get(op.key.set(key), op.value);
      return isFound ? largeValues.copyOut(table.tree(), op.key, op.value, target) : -1;
    } catch (IOException e) {
      throw failure.translate(e);
    } finally {
      gate.exit(op);
    }
  }

  /**
   * Returns what reads the values of many keys.
   *
   * @return the same for the engine's life
   */
  public GetTogether getTogether() {
    return getTogether;
  }

  /**
   * Stores a value.
   *
   * @param table the table
   * @param key the key
   * @param value the value
   */
  public void put(TableTree table, MemorySegment key, MemorySegment value) {
    Operation op = gate.enterWriter();
    try {
      op.counters.increment(OperationCounters.PUTS);
      commits.put(op, table, key, value);
    } catch (IOException e) {
      throw failure.translate(e);
    } finally {
      gate.exit(op);
    }
  }

  /**
   * Removes a key.
   *
   * @param table the table
   * @param key the key
   * @return whether it was there
   */
  public boolean delete(TableTree table, MemorySegment key) {
    Operation op = gate.enterWriter();
    try {
      op.counters.increment(OperationCounters.DELETES);
      return commits.delete(op, table, key);
    } catch (IOException e) {
      throw failure.translate(e);
    } finally {
      gate.exit(op);
    }
  }

  /**
   * Stores a value if the present one is as expected.
   *
   * @param table the table
   * @param key the key
   * @param expected the present value, or null for none
   * @param value the value
   * @return whether it was
   */
  public boolean compareAndSet(
      TableTree table, MemorySegment key, @Nullable MemorySegment expected, MemorySegment value) {
    Operation op = gate.enterWriter();
    try {
      op.counters.increment(OperationCounters.CONDITIONAL);
      return commits.compareAndSet(op, table, key, expected, value);
    } catch (IOException e) {
      throw failure.translate(e);
    } finally {
      gate.exit(op);
    }
  }

  /**
   * Opens a cursor.
   *
   * @param table the table
   * @param range the keys to visit
   * @return the cursor, at no entry
   */
  public EngineCursor cursor(TableTree table, Range range) {
    Operation op = gate.enterReader();
    try {
      failure.check();
      return new EngineCursor(gate, failure, largeValues, table.tree(), range);
    } finally {
      gate.exit(op);
    }
  }

  /**
   * Carries out a batch.
   *
   * @param changes one change or more
   */
  public void write(ChangeList changes) {
    Operation op = gate.enterWriter();
    try {
      op.counters.increment(OperationCounters.BATCHES);
      commits.write(op, changes);
    } catch (IOException e) {
      throw failure.translate(e);
    } finally {
      gate.exit(op);
    }
  }

  /**
   * Checks the structure of the store while no writer is inside.
   *
   * @return what was found
   */
  public VerifyReport verify() {
    Operation op = gate.enterReader();
    try {
      failure.check();
      gate.pauseWriters();
      try {
        return new StoreVerifier(space.pages()).verify(tables, pendingRuns);
      } finally {
        gate.resumeWriters();
      }
    } finally {
      gate.exit(op);
    }
  }

  /**
   * Collects the counters of all layers.
   *
   * @return a snapshot
   */
  public StoreStatistics statistics() {
    Operation op = gate.enterReader();
    try {
      return new EngineStatistics()
          .collect(parts, space, tables, checkpointer, merges, countersOfSlots());
    } finally {
      gate.exit(op);
    }
  }

  /**
   * Returns how much writers got into each other's way.
   *
   * @return by table
   */
  public SortedMap<String, TreeContention> contention() {
    Operation op = gate.enterReader();
    try {
      return tables.contention();
    } finally {
      gate.exit(op);
    }
  }

  private synchronized List<OperationCounters> countersOfSlots() {
    return List.copyOf(counters);
  }

  /**
   * Returns how many changes a batch may have to fit in half of the log.
   *
   * @return 1 or more
   */
  public int batchSizeAdvised() {
    Operation op = gate.enterReader();
    try {
      failure.check();
      return commits.batchSizeAdvised();
    } finally {
      gate.exit(op);
    }
  }

  /**
   * Fills an empty table from sorted entries: from the bottom up, all or nothing; by batches when
   * deletes have left more than one page of its tree.
   *
   * @param table the table
   * @param source the entries
   * @return how many there were
   */
  public long bulkLoad(TableTree table, SortedSource source) {
    return canLoad(table) ? loadAtOnce(table, source) : loadByBatches(table, source);
  }

  private boolean canLoad(TableTree table) {
    Operation op = gate.enterReader();
    try {
      failure.check();
      return TreeLoader.canLoad(table.tree());
    } catch (IOException e) {
      throw failure.translate(e);
    } finally {
      gate.exit(op);
    }
  }

  private long loadAtOnce(TableTree table, SortedSource source) {
    LoadParts loadParts = new LoadParts(gate, failure, commits, largeValues, pendingRuns);
    try {
      return new BulkLoad(parts, loadParts, table).run(source);
    } catch (IOException e) {
      throw failure.translate(e);
    }
  }

  private long loadByBatches(TableTree table, SortedSource source) {
    try (EngineCursor cursor = cursor(table, Range.all())) {
      if (cursor.next()) {
        throw new IllegalStateException("table '" + table.name() + "' is not empty");
      }
    }
    int batchSize = Math.min(LOAD_BATCH_SIZE_MAX, batchSizeAdvised());
    ChangeList changes = new ChangeList();
    byte[] last = null;
    long count = 0;
    for (; source.next(); count++) {
      byte[] key = source.key().toArray(ValueLayout.JAVA_BYTE);
      if (last != null && Arrays.compareUnsigned(last, key) >= 0) {
        throw new IllegalArgumentException(TreeLoader.notAbove(count, key, last));
      }
      last = key;
      changes.add(
          table,
          MemorySegment.ofArray(key),
          MemorySegment.ofArray(source.value().toArray(ValueLayout.JAVA_BYTE)));
      if (changes.size() == batchSize) {
        write(changes);
        changes = new ChangeList();
      }
    }
    if (changes.size() > 0) {
      write(changes);
    }
    return count;
  }

  /** Throws when the store is closed or poisoned. */
  public void checkUsable() {
    gate.checkOpen();
    failure.check();
  }

  /** Takes a checkpoint. */
  public void checkpoint() {
    Operation op = gate.enterReader();
    try {
      failure.check();
      checkpointer.await();
    } finally {
      gate.exit(op);
    }
  }

  /**
   * Returns where writers got into each other's way in an earlier life of the store.
   *
   * @return what that has saved
   */
  public SavedContention savedContention() {
    Operation op = gate.enterReader();
    try {
      failure.check();
      return tables.savedContention(op);
    } catch (IOException e) {
      throw failure.translate(e);
    } finally {
      gate.exit(op);
    }
  }

  /**
   * Saves for the next life where writers got into each other's way. A store without room closes
   * without it.
   */
  private void saveContention() {
    byte[] value = tables.contentionToSave();
    if (value.length == 0 || gate.isClosed() || failure.isPoisoned()) {
      return;
    }
    Operation op;
    try {
      op = gate.enterWriter();
    } catch (StoreClosedException _) {
      return; // whoever closes the store saves it
    }
    try {
      MemorySegment key = MemorySegment.ofArray(ContentionEntry.key());
      commits.put(op, tables.catalog(), key, MemorySegment.ofArray(value));
    } catch (StoreFullException | LogFullException _) {
      return; // advice for the next life is no reason not to close
    } catch (IOException e) {
      throw failure.translate(e);
    } finally {
      gate.exit(op);
    }
  }

  /** Closes the store; see {@code Store}. */
  @Override
  public void close() {
    try {
      saveContention();
    } finally {
      closeStore();
    }
  }

  private void closeStore() {
    if (!gate.close()) {
      closeLot.awaitWhile(0, isClosing, 0);
      return;
    }
    try {
      closeLayers();
    } finally {
      isClosed = true;
      closeLot.wakeAll(0);
    }
  }

  private boolean isClosing() {
    return !isClosed;
  }

  private void closeLayers() {
    try {
      merges.close();
      checkpointer.close();
      if (!failure.isPoisoned()) {
        checkpointer.run(Long.MAX_VALUE, true);
      }
    } catch (IOException e) {
      throw failure.translate(e);
    } finally {
      try (BlockDevice _ = parts.device()) {
        parts.close();
      }
    }
  }
}
