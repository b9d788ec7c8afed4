// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import dev.basalt.index.internal.TreeLoad;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Fills an empty tree from entries in key order, from the bottom up: nodes are built one after the
 * other, completely full, in pages of pending runs that nothing refers to, and one structure record
 * publishes them all.
 *
 * <p>For each entry: when fewer than {@link #neededPages} are supplied, {@link #supply} a {@link
 * PageSpace#allocateRun new run} (for a large value, of {@link #overflowPages} more); {@link #add}
 * or {@link #addLarge}; {@link #cut} if {@link #isCutDue}. In the end {@link #finish}, flush the
 * device, {@link #tryPublish}. A load that is given up frees its runs by {@link PageSpace#freeRun},
 * or recovery does.
 *
 * <p>{@link #add} and {@link #isCutDue} touch the loader's own memory only, which holds the entries
 * of a node per level.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time. The tree may be read meanwhile; who
 * publishes keeps its writers away from {@link #tryPublish}.
 */
public final class TreeLoader {
  private final TreeLoad load;
  private final int pageBytes;

  /**
   * Begins a load.
   *
   * @param tree the tree, {@linkplain #canLoad empty}
   */
  public TreeLoader(BTree tree) {
    load = new TreeLoad(tree.core());
    pageBytes = tree.core().pageBytes();
  }

  /**
   * Tells whether a tree can be loaded: it is a single leaf without entries. One whose entries were
   * all deleted is that again, unless merges were disturbed.
   *
   * @param tree the tree
   * @return a hint, unless nobody changes the tree
   * @throws IOException when the root cannot be read
   */
  public static boolean canLoad(BTree tree) throws IOException {
    return TreeLoad.isEmptyLeaf(tree.core());
  }

  /**
   * Says that the order of the entries is wrong.
   *
   * @param index of the entry, from 0
   * @param key its key
   * @param before the key before it, which is not below
   * @return the message, which names both keys
   */
  public static String notAbove(long index, byte[] key, byte[] before) {
    return TreeLoad.notAbove(index, key, before);
  }

  /**
   * Adds the pages of a run to those the load may use.
   *
   * @param run a new run
   * @throws SpaceExhaustedException when free pages are too scattered over the store
   */
  public void supply(PageRun run) throws SpaceExhaustedException {
    load.supply(run);
  }

  /**
   * Returns how many pages are supplied and not used.
   *
   * @return the count
   */
  public long suppliedPages() {
    return load.suppliedPages();
  }

  /**
   * Returns how many pages have to be supplied before {@link #cut} or {@link #finish}.
   *
   * @return the most they can take
   */
  public long neededPages() {
    return load.neededPages();
  }

  /**
   * Returns how many pages have to be supplied before {@link #addLarge}.
   *
   * @param valueBytes length of the value
   * @return the most it can take
   */
  public long overflowPages(long valueBytes) {
    return load.overflowPages(valueBytes);
  }

  /**
   * Adds an entry.
   *
   * @param key up to {@link SearchKey#LENGTH_BYTES_MAX} bytes
   * @param value up to {@link BTree#inlineBytesMax} bytes
   * @throws IllegalArgumentException when the key is not above the one before it, or key or value
   *     is too long
   */
  public void add(MemorySegment key, MemorySegment value) {
    SearchKey.checkLength(key.byteSize());
    int limit = BTree.inlineBytesMax((int) key.byteSize(), pageBytes);
    if (value.byteSize() > limit) {
      throw new IllegalArgumentException(
          "inline value is " + value.byteSize() + " bytes, limit " + limit);
    }
    load.add(key, value);
  }

  /**
   * Adds an entry whose value goes to overflow pages.
   *
   * @param key up to {@link SearchKey#LENGTH_BYTES_MAX} bytes
   * @param value up to {@link OverflowWriter#VALUE_BYTES_MAX} bytes
   * @throws IOException when the pool has failed
   * @throws IllegalArgumentException when the key is not above the one before it, or key or value
   *     is too long
   */
  public void addLarge(MemorySegment key, MemorySegment value) throws IOException {
    SearchKey.checkLength(key.byteSize());
    OverflowWriter.checkLength(value.byteSize());
    load.addLarge(key, value);
  }

  /**
   * Tells whether {@link #cut} is due before the next entry.
   *
   * @return true when a leaf is full
   */
  public boolean isCutDue() {
    return load.isCutDue();
  }

  /**
   * Builds the leaf that is full, and the nodes above that become full.
   *
   * @throws IOException when the pool has failed
   */
  public void cut() throws IOException {
    load.cut();
  }

  /**
   * Builds all pages but the root and waits until the device has them; they are durable after a
   * flush only. Nothing is added after that.
   *
   * @throws IOException when the pool has failed
   */
  public void finish() throws IOException {
    load.finish();
  }

  /**
   * Returns how many entries were added.
   *
   * @return the count
   */
  public long count() {
    return load.count();
  }

  /**
   * Gives the root its content, ends the runs and frees what is left of them: one structure record.
   * The pages are durable.
   *
   * @param key working memory
   * @param runs all runs that the load was supplied with
   * @param owner noted in the record, for {@link PageRedo#loadOwner()}
   * @return LSN of the record; -1 when the tree is not empty any more, and nothing was changed
   * @throws IOException when the log or the pool has failed
   */
  public long tryPublish(SearchKey key, List<PageRun> runs, long owner) throws IOException {
    return load.tryPublish(key.work(pageBytes), runs, owner);
  }
}
