// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench.nanos;

import dev.basalt.bench.MemoryPages;
import dev.basalt.bench.NoLog;
import dev.basalt.bench.Records;
import dev.basalt.bench.StoreFile;
import dev.basalt.bench.Stores;
import dev.basalt.engine.Store;
import dev.basalt.engine.Table;
import dev.basalt.index.BTree;
import dev.basalt.index.SearchKey;
import dev.basalt.index.ValueBuffer;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Gets or puts of random records of a store, all pages resident, no commit waited for. A tree
 * without a log that was loaded alike is there to compare with.
 */
final class TableOperation implements SteppedOperation {
  private static final int PAGE_BYTES = 4096;
  private static final long RECORDS_PER_PAGE_MIN = 12;
  private static final long POOL_BYTES_PER_RECORD = 320;

  private final boolean isPut;
  private final int records;
  private final Arena arena = Arena.ofConfined();
  private final MemorySegment key = arena.allocate(Records.KEY_BYTES, Records.KEY_BYTES);
  private final MemorySegment value = arena.allocate(Records.VALUE_BYTES, Records.KEY_BYTES);
  private final SearchKey treeKey = new SearchKey();
  private final ValueBuffer treeValue = new ValueBuffer();
  private final StoreFile file;
  private final Store store;
  private final Table table;
  private final MemoryPages pages;
  private final BTree tree;
  private long random = 88172645463325252L;

  private TableOperation(boolean isPut, Path directory, int records) throws IOException {
    this.isPut = isPut;
    this.records = records;
    file = StoreFile.in(directory);
    store = Stores.open(file.uri(), records * POOL_BYTES_PER_RECORD);
    table = store.table(Stores.TABLE);
    pages = MemoryPages.open(PAGE_BYTES, records / RECORDS_PER_PAGE_MIN, new NoLog());
    tree = pages.newTree();
    treeValue.reserve(Records.VALUE_BYTES);
    for (int record = 0; record < records; record++) {
      Records.setKey(key, Records.key(record));
      table.put(key, value);
      tree.put(treeKey.set(key), treeValue, record);
    }
    store.checkpoint();
  }

  static SteppedOperation get(Path directory, int records) throws IOException {
    return new TableOperation(false, directory, records);
  }

  static SteppedOperation put(Path directory, int records) throws IOException {
    return new TableOperation(true, directory, records);
  }

  @Override
  public String title() {
    return String.format(
        Locale.ROOT,
        "%s of a random record of %,d, all in memory%s",
        isPut ? "put" : "get",
        records,
        isPut ? ", durability none" : "");
  }

  @Override
  public long run(int count) {
    long seen = 0;
    for (int i = 0; i < count; i++) {
      chooseKey();
      if (isPut) {
        table.put(key, value);
      } else {
        seen += table.get(key, value);
      }
    }
    return seen;
  }

  private long runTree(int count) throws IOException {
    long seen = 0;
    for (int i = 0; i < count; i++) {
      chooseKey();
      treeKey.set(key);
      boolean isFound = isPut ? tree.put(treeKey, treeValue, i) : tree.get(treeKey, treeValue);
      seen += isFound ? 1 : 0;
    }
    return seen;
  }

  private long runLoop(int count) {
    long seen = 0;
    for (int i = 0; i < count; i++) {
      chooseKey();
      seen += key.get(Records.KEY, 0);
    }
    return seen;
  }

  private void chooseKey() {
    random = Records.nextRandom(random);
    Records.setKey(key, Records.key(Records.below(random, records)));
  }

  @Override
  public List<Part> parts() {
    return List.of(
        new Part("the loop alone", this::runLoop),
        new Part("the loop and a tree without store and log", this::runTree));
  }

  @Override
  public List<StepRule> rules() {
    String gate = "store: gate, checks, counters";
    String descent = "tree: inner nodes, and which child";
    String states = "tree: page states read and validated";
    String touch = "tree: the leaf's first cache lines";
    String leaf = "tree: search of the leaf";
    String record = "log: record made, its place taken, copied";
    String admitted = "store: log space admitted, pages reserved";
    return List.of(
        new StepRule("tree: value copied from the leaf", "ValueBuffer", "copyFrom"),
        new StepRule(touch, "NodeSearch", "touch"),
        new StepRule(states, "BufferPool", "optimistic"),
        new StepRule(states, "BufferPool", "validate"),
        new StepRule("tree: leaf latched and unlatched", "BufferPool", "tryUpgrade"),
        new StepRule("tree: leaf latched and unlatched", "BufferPool", "unlatchExclusive"),
        new StepRule("log: image of a page changed first", "StructureStep", "logBase"),
        new StepRule(descent, "TreeCore", "tryDescend"),
        new StepRule(leaf, "TreeCore", "copyValue"),
        new StepRule("tree: value written to the leaf", "TreeCore", "store"),
        new StepRule(leaf, "TreeCore", "put"),
        new StepRule("tree: key copied", "SearchKey", "set"),
        new StepRule("store: value copied to the caller", "LargeValues", "copyOut"),
        new StepRule("store: key's lock", "KeyLocks", ""),
        new StepRule(record, "Wal", "append"),
        new StepRule(record, "CommitRecord", ""),
        new StepRule(record, "CommitEntries", ""),
        new StepRule(record, "InFlightTable", ""),
        new StepRule("store: value copied for the tree", "Tables", ""),
        new StepRule(admitted, "Commits", "begin"),
        new StepRule(admitted, "Commits", "end"),
        new StepRule(gate, "Commits", ""),
        new StepRule(gate, "OperationGate", ""),
        new StepRule(gate, "Engine", ""),
        new StepRule(gate, "Table", ""),
        new StepRule(LOOP, "TableOperation", ""));
  }

  @Override
  public void close() throws IOException {
    pages.close();
    store.close();
    file.close();
    arena.close();
  }
}
