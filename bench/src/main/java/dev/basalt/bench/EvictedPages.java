// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import dev.basalt.bufferpool.BufferPool;
import dev.basalt.bufferpool.BufferPoolConfig;
import dev.basalt.bufferpool.PageHeader;
import dev.basalt.iostack.BlockDevice;
import dev.basalt.iostack.Devices;
import dev.basalt.iostack.IoStack;
import dev.basalt.iostack.IoStackConfig;
import dev.basalt.iostack.agent.Execution;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Pages that are read in turn, four times as many as the pool holds, so that each has been evicted
 * when it is wanted again.
 *
 * <p><b>Concurrency.</b> Used by one thread at a time.
 */
public final class EvictedPages implements AutoCloseable {
  /** The page size, and that of a block. */
  public static final int PAGE_BYTES = 4096;

  private static final long POOL_PAGES = 16_384;
  private static final long PAGES = 4 * POOL_PAGES;

  private final @Nullable Path file;
  private final BlockDevice device;
  private final IoStack io;
  private final BufferPool pool;
  private long next;

  private EvictedPages(String uri, @Nullable Path file) throws IOException {
    this.file = file;
    device = Devices.open(uri, Execution.threads());
    io = IoStack.start(device, IoStackConfig.defaults(), Execution.threads());
    BufferPoolConfig config =
        new BufferPoolConfig(PAGE_BYTES, 0, PAGES, POOL_PAGES * PAGE_BYTES, 0);
    pool = BufferPool.open(config, io, new NoLog(), Execution.threads());
    for (long pageId = 0; pageId < PAGES; pageId++) {
      pool.create(pageId);
      pool.unlatchExclusive(pageId, true);
    }
    pool.writeBackAll();
  }

  /**
   * Creates the pages.
   *
   * @param where {@code ram}, or a directory to make a file in
   * @throws IOException when the file or address space cannot be had
   */
  public static EvictedPages open(String where) throws IOException {
    long bytes = PAGES * PAGE_BYTES;
    if (where.equals("ram")) {
      return new EvictedPages("ram:" + bytes, null);
    }
    Path file = Files.createTempFile(Path.of(where), "basalt-bench", ".pages");
    return new EvictedPages("io_uring:" + file + "?size=" + bytes, file);
  }

  /** Returns how many pages there are. */
  public long count() {
    return PAGES;
  }

  /** Reads a word of the next page through the pool: a miss. */
  public long readNext() throws IOException {
    long pageId = advance();
    while (true) {
      long token = pool.optimistic(pageId);
      long lsn = PageHeader.lsn(pool.address(pageId));
      if (pool.validate(pageId, token)) {
        return lsn;
      }
    }
  }

  /** Reads the next page into other memory, without the pool. */
  public void readNextInto(long address) throws IOException {
    io.read(advance(), 1, address);
  }

  private long advance() {
    long pageId = next;
    next = (next + 1) % PAGES;
    return pageId;
  }

  @Override
  public void close() throws IOException {
    pool.close();
    io.close();
    device.close();
    if (file != null) {
      Files.delete(file);
    }
  }
}
