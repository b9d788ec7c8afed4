// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import dev.basalt.engine.SavedContention;
import dev.basalt.engine.internal.wal.CommitEntries;
import dev.basalt.engine.internal.wal.RecordType;
import dev.basalt.index.BTree;
import dev.basalt.index.ContentionConfig;
import dev.basalt.index.PageRun;
import dev.basalt.index.PageSpace;
import dev.basalt.index.SearchKey;
import dev.basalt.index.TreeContention;
import dev.basalt.index.ValueBuffer;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/**
 * The tables of a store, as the catalog says, a tree with its root at page 1. Table ids count from
 * 1 without gaps; no table is ever removed.
 *
 * <p><b>Concurrency.</b> All methods may be called by any thread; changes of the catalog come one
 * at a time from the commit path.
 */
final class Tables {
  static final long CATALOG_ID = 0;
  static final long CATALOG_ROOT = 1;

  private final PageSpace space;
  private final ContentionConfig contention;
  private final TableTree catalog;
  private final ConcurrentSkipListMap<String, TableTree> byName = new ConcurrentSkipListMap<>();
  private final Map<Long, TableTree> byId = new ConcurrentHashMap<>();

  /** Opens the catalog; {@link #load} reads it. */
  Tables(PageSpace space, ContentionConfig contention) {
    this.space = space;
    this.contention = contention;
    catalog = new TableTree(CATALOG_ID, "", BTree.open(space, CATALOG_ROOT, contention));
    byId.put(CATALOG_ID, catalog);
  }

  TableTree catalog() {
    return catalog;
  }

  /** Returns a table or null. */
  @Nullable TableTree find(String name) {
    return byName.get(name);
  }

  /** Returns the tables by name. */
  SortedMap<String, TableTree> all() {
    return byName;
  }

  /** Returns how many tables there are. */
  int count() {
    return byId.size() - 1;
  }

  /** Reads the catalog, whose tree is structurally whole. */
  void load() throws IOException {
    SearchKey key = new SearchKey();
    ValueBuffer value = new ValueBuffer();
    for (long id = CATALOG_ID + 1; catalog.tree().get(key.set(CatalogEntry.key(id)), value); id++) {
      register(key.address(), key.lengthBytes(), value.address(), value.lengthBytes());
    }
  }

  /** Allocates the root of a new table and stages the commit that publishes it. */
  void stageCreation(Operation op, byte[] name) throws IOException {
    PageRun run = BTree.createPending(space, op.key);
    op.runs.add(run);
    op.record.put(
        CATALOG_ID,
        MemorySegment.ofArray(CatalogEntry.key(byId.size())), // the catalog is one of them
        MemorySegment.ofArray(CatalogEntry.value(run.firstPageIds()[0], run.lsn(), name)));
  }

  /** Applies the change an entry stands at. */
  void apply(Operation op, CommitEntries entries, long lsn) throws IOException {
    BTree tree = tree(entries.table(), lsn);
    SearchKey key = op.key.set(entries.keyAddress(), entries.keyBytes());
    if (entries.kind() == RecordType.DELETE) {
      tree.delete(key, lsn);
      return;
    }
    boolean isReference = entries.kind() == RecordType.PUT_OVERFLOW;
    ValueBuffer value = op.value.wrap(entries.valueAddress(), entries.valueBytes(), isReference);
    tree.put(key, value, lsn);
    if (entries.table() == CATALOG_ID && entries.keyBytes() == CatalogEntry.KEY_BYTES) {
      register(
          entries.keyAddress(), entries.keyBytes(), entries.valueAddress(), entries.valueBytes());
    }
  }

  /** Returns how much writers got into each other's way, by table. */
  SortedMap<String, TreeContention> contention() {
    SortedMap<String, TreeContention> all = new TreeMap<>();
    byName.forEach((name, table) -> all.put(name, table.tree().contention()));
    return all;
  }

  /** Returns what is to be saved of it; empty for nothing. */
  byte[] contentionToSave() {
    return ContentionEntry.value(byName.values());
  }

  /** Reads what an earlier life has saved. */
  SavedContention savedContention(Operation op) throws IOException {
    boolean isFound = catalog.tree().get(op.key.set(ContentionEntry.key()), op.value);
    byte[] value = isFound ? op.value.toByteArray() : new byte[0];
    return ContentionEntry.read(value, this::name);
  }

  private String name(long tableId) {
    TableTree table = byId.get(tableId);
    return table == null ? "?" : table.name();
  }

  /** Returns how high the highest tree is. */
  int heightMax() {
    int most = 1;
    for (TableTree table : byId.values()) {
      most = Math.max(most, table.tree().height());
    }
    return most;
  }

  private BTree tree(long tableId, long lsn) throws IOException {
    TableTree table = byId.get(tableId);
    if (table == null) {
      throw new IOException("the commit at LSN " + lsn + " names no table: " + tableId);
    }
    return table.tree();
  }

  private void register(long keyAddress, int keyBytes, long valueAddress, int valueBytes)
      throws IOException {
    if (!CatalogEntry.isPlausible(keyBytes, valueBytes)) {
      throw new IOException("the catalog holds an entry that cannot be");
    }
    long id = CatalogEntry.tableId(keyAddress);
    if (!byId.containsKey(id)) {
      BTree tree = BTree.open(space, CatalogEntry.rootId(valueAddress), contention);
      TableTree table = new TableTree(id, CatalogEntry.name(valueAddress, valueBytes), tree);
      byId.put(id, table);
      byName.put(table.name(), table);
    }
  }
}
