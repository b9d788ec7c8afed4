// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import dev.basalt.index.internal.TreeCore;
import dev.basalt.index.internal.TreeProbe;
import java.io.IOException;
import java.lang.ref.Reference;

/**
 * An ordered map from keys to values: an optimistic B+tree. Keys are ordered by their bytes,
 * unsigned; a key that another one starts with comes first.
 *
 * <p>A value is inline up to {@link #inlineBytesMax}; larger ones go to overflow pages first, and
 * the reference to them is put.
 *
 * <p><b>Concurrency.</b> All methods may be called by any thread, each with its own key and value.
 * Two writers of the same key are ordered by the caller, as in the log.
 */
public final class BTree {
  /** Result of {@link #tryGet}: the value is there. */
  public static final long FOUND = TreeProbe.FOUND;

  /** Result of {@link #tryGet}: the key is not there. */
  public static final long ABSENT = TreeProbe.ABSENT;

  /** Result of {@link #tryGet}: to be told by {@link #get}. */
  public static final long UNKNOWN = TreeProbe.UNKNOWN;

  private final TreeCore core;
  private final int pageBytes;

  private BTree(TreeCore core) {
    this.core = core;
    pageBytes = core.pageBytes();
  }

  /**
   * Opens a tree, with the defaults of {@link ContentionConfig}.
   *
   * @param space the pages
   * @param rootId its root, as {@link #create} returned it
   * @return the tree
   */
  public static BTree open(PageSpace space, long rootId) {
    return open(space, rootId, ContentionConfig.defaults());
  }

  /**
   * Opens a tree.
   *
   * @param space the pages
   * @param rootId its root, as {@link #create} returned it
   * @param contention when leaves are split because writers get into each other's way
   * @return the tree
   */
  public static BTree open(PageSpace space, long rootId, ContentionConfig contention) {
    return new BTree(
        new TreeCore(
            space.pool(), space.log(), space.allocator(), space.pageBytes(), rootId, contention));
  }

  /**
   * Creates an empty tree: one structure record.
   *
   * @param space the pages
   * @param key working memory
   * @return the page id of the root, which it keeps
   * @throws IOException when there is no room, or the log or the pool has failed
   */
  public static long create(PageSpace space, SearchKey key) throws IOException {
    return create(space, key, false).firstPageIds()[0];
  }

  /**
   * Creates an empty tree whose root is a pending run: one structure record. Recovery frees it
   * unless the record that publishes it was logged.
   *
   * @param space the pages
   * @param key working memory
   * @return the run; its only page is the root, which keeps its page id
   * @throws IOException when there is no room, or the log or the pool has failed
   */
  public static PageRun createPending(PageSpace space, SearchKey key) throws IOException {
    return create(space, key, true);
  }

  private static PageRun create(PageSpace space, SearchKey key, boolean isPending)
      throws IOException {
    return TreeCore.create(
        space.pool(), space.log(), space.allocator(), key.work(space.pageBytes()), isPending);
  }

  /**
   * Returns the longest value that is stored inline with a key.
   *
   * @param keyLength length of the key in bytes
   * @param pageBytes the page size
   * @return bytes; key and value together take a quarter of a page at most
   */
  public static int inlineBytesMax(int keyLength, int pageBytes) {
    return Math.max(0, pageBytes / 4 - keyLength);
  }

  /**
   * Returns the page of the root.
   *
   * @return its id
   */
  public long rootId() {
    return core.rootId();
  }

  /**
   * Returns how many levels the tree has.
   *
   * @return 1 for a single leaf; a hint, since it may change at any time
   */
  public int height() {
    return core.height();
  }

  /**
   * Returns how much the writers of this tree got into each other's way since it was opened.
   *
   * @return a snapshot, not atomic over all counters
   */
  public TreeContention contention() {
    return core.contention();
  }

  /**
   * Reads a value.
   *
   * @param key the key
   * @param out takes the inline value, or the reference to overflow pages
   * @return false when the key is not there; {@code out} is undefined then
   * @throws IOException when a page cannot be read or is damaged
   */
  public boolean get(SearchKey key, ValueBuffer out) throws IOException {
    try {
      return core.get(key.work(pageBytes), key.address(), key.lengthBytes(), out);
    } finally {
      Reference.reachabilityFence(key);
      Reference.reachabilityFence(out);
    }
  }

  /**
   * Reads a value if all pages on the way to it are in memory.
   *
   * @param key the key
   * @param out takes the inline value, or the reference to overflow pages
   * @return {@link #FOUND}, {@link #ABSENT}, {@link #UNKNOWN} when {@link #get} is to be tried, or
   *     the id of the page that is missing; {@code out} is undefined unless found
   * @throws IOException when a page cannot be read or is damaged
   */
  public long tryGet(SearchKey key, ValueBuffer out) throws IOException {
    try {
      return TreeProbe.get(core, key.work(pageBytes), key.address(), key.lengthBytes(), out);
    } finally {
      Reference.reachabilityFence(key);
      Reference.reachabilityFence(out);
    }
  }

  /**
   * Stores a value, in place of one that is there. One that was in overflow pages is freed first,
   * unless it is the same reference, which changes nothing.
   *
   * @param key the key
   * @param value the inline value, up to {@link #inlineBytesMax}, or the reference
   * @param lsn LSN of the logical record
   * @return whether the key was there before
   * @throws IOException when a page cannot be read or is damaged, or the log or the pool has failed
   */
  public boolean put(SearchKey key, ValueBuffer value, long lsn) throws IOException {
    checkInline(key, value);
    try {
      return core.put(key.work(pageBytes), key.address(), key.lengthBytes(), value, lsn);
    } finally {
      Reference.reachabilityFence(key);
      Reference.reachabilityFence(value);
    }
  }

  /**
   * Removes a key and its value.
   *
   * @param key the key
   * @param lsn LSN of the logical record
   * @return whether the key was there
   * @throws IOException when a page cannot be read or is damaged, or the log or the pool has failed
   */
  public boolean delete(SearchKey key, long lsn) throws IOException {
    try {
      return core.delete(key.work(pageBytes), key.address(), key.lengthBytes(), lsn);
    } finally {
      Reference.reachabilityFence(key);
    }
  }

  /**
   * Returns a new cursor over all entries.
   *
   * @return the cursor
   */
  public TreeCursor cursor() {
    return new TreeCursor(core);
  }

  TreeCore core() {
    return core;
  }

  private void checkInline(SearchKey key, ValueBuffer value) {
    int limit = inlineBytesMax(key.lengthBytes(), pageBytes);
    if (!value.isReference() && value.lengthBytes() > limit) {
      throw new IllegalArgumentException(
          "inline value is " + value.lengthBytes() + " bytes, limit " + limit);
    }
  }
}
