// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index.internal;

import dev.basalt.bufferpool.BufferPool;
import dev.basalt.index.PageRun;
import dev.basalt.index.SpaceExhaustedException;
import dev.basalt.index.ValueBuffer;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Builds the content of an empty tree from the bottom up, and publishes it by one structure record.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time.
 */
public final class TreeLoad {
  /**
   * Pages that a level can take at one cut, or at the end, at most: at the end the last node loses
   * its prefix, and is cut into a few.
   */
  private static final int PAGES_PER_LEVEL = 4;

  private static final int KEY_BYTES_SHOWN = 40;

  private final TreeCore core;
  private final LoadPages pages;
  private final LoadLevel leaves;
  private final OverflowStream stream;
  private final ValueBuffer reference = new ValueBuffer();
  private long count;
  private @Nullable LoadLevel root;

  /**
   * Begins a load.
   *
   * @param core the tree
   */
  public TreeLoad(TreeCore core) {
    this.core = core;
    pages = new LoadPages(core.pool, core.allocator);
    leaves = new LoadLevel(pages, 0, core.pageBytes);
    stream = new OverflowStream(core);
  }

  /**
   * Adds the pages of a pending run.
   *
   * @param run a new run
   * @throws SpaceExhaustedException when free pages are too scattered
   */
  public void supply(PageRun run) throws SpaceExhaustedException {
    pages.supply(run);
  }

  /**
   * Returns how many pages are supplied and not used.
   *
   * @return the count
   */
  public long suppliedPages() {
    return pages.available();
  }

  /**
   * Returns how many pages {@link #cut} or {@link #finish} can take.
   *
   * @return the most
   */
  public long neededPages() {
    int levels = 2;
    for (LoadLevel above = leaves.parent(); above != null; above = above.parent()) {
      levels++;
    }
    return (long) PAGES_PER_LEVEL * levels;
  }

  /**
   * Returns how many pages a large value can take.
   *
   * @param valueBytes its length
   * @return the most
   */
  public long overflowPages(long valueBytes) {
    return OverflowPage.pagesMax(valueBytes, core.pageBytes);
  }

  /**
   * Adds an entry with an inline value; touches no page.
   *
   * @param key its key
   * @param value its value
   * @throws IllegalArgumentException when the key is not above the one before it
   */
  public void add(MemorySegment key, MemorySegment value) {
    int keyLength = (int) key.byteSize();
    int valueLength = (int) value.byteSize();
    long to = leaves.reserve(keyLength, valueLength);
    IndexMemory.copyIn(key, 0, to, keyLength);
    IndexMemory.copyIn(value, 0, to + keyLength, valueLength);
    add(keyLength, valueLength);
  }

  /**
   * Adds an entry whose value goes to overflow pages.
   *
   * @param key its key
   * @param value its value
   * @throws IOException when the pool has failed
   * @throws IllegalArgumentException when the key is not above the one before it
   */
  public void addLarge(MemorySegment key, MemorySegment value) throws IOException {
    stream.begin(pages, value.byteSize());
    stream.write(value);
    stream.finish(pages, reference);
    int keyLength = (int) key.byteSize();
    long to = leaves.reserve(keyLength, ValueBuffer.REFERENCE_BYTES);
    IndexMemory.copyIn(key, 0, to, keyLength);
    IndexMemory.copy(reference.address(), to + keyLength, ValueBuffer.REFERENCE_BYTES);
    add(keyLength, ValueBuffer.REFERENCE_BYTES | Node.OVERFLOW_BIT);
  }

  private void add(int keyLength, int valueField) {
    if (!leaves.tryAdd(keyLength, valueField)) {
      throw new IllegalArgumentException(
          notAbove(count, leaves.reservedKey(keyLength), leaves.lastKey()));
    }
    count++;
  }

  /**
   * Says that the order is wrong.
   *
   * @param index of the entry, from 0
   * @param key its key
   * @param before the key before it, which is not below
   * @return the message
   */
  public static String notAbove(long index, byte[] key, byte[] before) {
    return "entry %d, counted from 0, has the key %s, which is not above %s before it"
        .formatted(index, shown(key), shown(before));
  }

  private static String shown(byte[] key) {
    String hex = HexFormat.of().formatHex(key, 0, Math.min(key.length, KEY_BYTES_SHOWN));
    return key.length <= KEY_BYTES_SHOWN ? "0x" + hex : "0x" + hex + "...";
  }

  /**
   * Tells whether {@link #cut} is due before the next entry.
   *
   * @return true when a leaf is full
   */
  public boolean isCutDue() {
    return leaves.isFull();
  }

  /**
   * Builds the leaf that is full, and the nodes above that become full.
   *
   * @throws IOException when the pool has failed
   */
  public void cut() throws IOException {
    while (leaves.isFull()) {
      leaves.cut();
    }
  }

  /**
   * Builds all pages but the root and waits until the device has them. Nothing is added after that.
   *
   * @throws IOException when the pool has failed
   */
  public void finish() throws IOException {
    root = leaves.finish(0);
    pages.writeBack();
  }

  /**
   * Returns how many entries were added.
   *
   * @return the count
   */
  public long count() {
    return count;
  }

  /**
   * Gives the root its content, ends the runs and frees what is left of them: one structure record.
   *
   * @param work working memory
   * @param runs all runs that the load was supplied with
   * @param owner noted in the record
   * @return LSN of the record, or -1 when the tree is not an empty leaf
   * @throws IOException when the log or the pool has failed
   */
  public long tryPublish(TreeWork work, List<PageRun> runs, long owner) throws IOException {
    LoadLevel top = root;
    if (top == null) {
      throw new IllegalStateException("the load is not finished");
    }
    BufferPool pool = core.pool;
    StructureStep step = work.step;
    step.begin(pool, core.log);
    try {
      step.latch(core.rootId);
      if (!isEmptyLeaf(pool.address(core.rootId))) {
        return -1;
      }
      if (pages.unused().size() > 0) {
        core.allocator.latchMaps(step, pages.unused());
      }
      step.enter();
      step.image(core.rootId);
      top.fillRoot(pool.address(core.rootId));
      core.allocator.logFreed(step, pages.unused());
      for (PageRun run : runs) {
        IndexMemory.putLong(step.marker(ChangeKind.RUN_END, Long.BYTES), run.lsn());
      }
      IndexMemory.putLong(step.marker(ChangeKind.LOAD, Long.BYTES), owner);
      return step.commit();
    } finally {
      step.end();
    }
  }

  private static boolean isEmptyLeaf(long node) {
    return Node.level(node) == 0 && Node.storedCount(node) == 0;
  }

  /**
   * Tells whether a tree is a single leaf without entries, as a load needs it.
   *
   * @param core the tree
   * @return a hint, unless nobody changes the tree
   * @throws IOException when the root cannot be read
   */
  public static boolean isEmptyLeaf(TreeCore core) throws IOException {
    core.pool.latchShared(core.rootId);
    try {
      return isEmptyLeaf(core.pool.address(core.rootId));
    } finally {
      core.pool.unlatchShared(core.rootId);
    }
  }
}
