// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.bufferpool.BufferPool;
import dev.basalt.bufferpool.BufferPoolConfig;
import dev.basalt.index.BTree;
import dev.basalt.index.ContentionConfig;
import dev.basalt.index.PageSpace;
import dev.basalt.index.SearchKey;
import dev.basalt.iostack.IoStack;
import dev.basalt.iostack.IoStackConfig;
import dev.basalt.iostack.agent.Execution;
import java.io.IOException;

/** Pages that all stay in memory, for trees without a store: a device that does nothing, no log. */
public final class MemoryPages implements AutoCloseable {
  private final IoStack io;
  private final BufferPool pool;
  private final PageSpace space;
  private final SearchKey key = new SearchKey();

  private MemoryPages(IoStack io, BufferPool pool, PageSpace space) {
    this.io = io;
    this.pool = pool;
    this.space = space;
  }

  /**
   * Opens pages, all free.
   *
   * @param pageBytes the page size
   * @param count how many may be used
   * @param log sees the structure changes
   * @return the pages, to be closed by the caller
   * @throws IOException when address space cannot be had
   */
  public static MemoryPages open(int pageBytes, long count, NoLog log) throws IOException {
    IoStack io = IoStack.start(new NullDevice(), IoStackConfig.defaults(), Execution.threads());
    long pages = BufferPoolConfig.POOL_PAGES_MIN + count;
    // A part of the pool is for writes on their way, and some frames are kept free.
    BufferPoolConfig config =
        new BufferPoolConfig(pageBytes, 0, pages, (pages + pages / 4) * pageBytes, 0);
    BufferPool pool = BufferPool.open(config, io, log, Execution.threads());
    MemoryPages opened = new MemoryPages(io, pool, new PageSpace(pool, log, pageBytes, pages));
    opened.space.format(opened.key);
    return opened;
  }

  /** The pool. */
  public BufferPool pool() {
    return pool;
  }

  /** The space that pages are allocated from. */
  public PageSpace space() {
    return space;
  }

  /** Creates an empty tree, with contention splits as by default. */
  public BTree newTree() throws IOException {
    return newTree(ContentionConfig.defaults());
  }

  /** Creates an empty tree. */
  public BTree newTree(ContentionConfig config) throws IOException {
    return BTree.open(space, BTree.create(space, key), config);
  }

  @Override
  public void close() {
    pool.close();
    io.close();
  }
}
