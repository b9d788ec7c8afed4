// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench.micro;

import dev.basalt.bench.MemoryPages;
import dev.basalt.bench.NoLog;
import dev.basalt.bench.Records;
import dev.basalt.bufferpool.BufferPool;
import dev.basalt.index.BTree;
import dev.basalt.index.SearchKey;
import dev.basalt.index.ValueBuffer;
import dev.basalt.index.internal.NodeSearch;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The search of a leaf alone: each page is a tree of one full leaf, of records with 8-byte keys and
 * 120-byte values. One page over and over is in the processor's cache; of 256 MiB at random, each
 * probe of another cache line waits for memory.
 *
 * <p>{@code scripts/bench micro PageSearch}
 */
@NullUnmarked // JMH calls the setup before anything else
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
public class PageSearchBenchmark {
  /** Bytes of a record beside its key and value: the slot and the record's header. */
  private static final int OVERHEAD_BYTES = 10;

  /** Of header and fences. */
  private static final int NODE_BYTES = 112;

  /** The page size. */
  @Param({"4096", "8192", "16384"})
  int pageBytes;

  /** How much memory the pages that are searched take, in MiB; 0: one page. */
  @Param({"0", "256"})
  int mebibytes;

  private final SearchKey key = new SearchKey();
  private final ValueBuffer value = new ValueBuffer();
  private Arena arena;
  private MemorySegment keyBytes;
  private MemoryPages pages;
  private BufferPool pool;
  private long[] pageIds;
  private int records;
  private long random = 88172645463325252L;

  @Setup(Level.Trial)
  public void open() throws IOException {
    arena = Arena.ofConfined();
    keyBytes = arena.allocate(Records.KEY_BYTES);
    pageIds = new long[Math.max(1, (mebibytes << 20) / pageBytes)];
    records = (pageBytes - NODE_BYTES) / (Records.KEY_BYTES + Records.VALUE_BYTES + OVERHEAD_BYTES);
    pages = MemoryPages.open(pageBytes, pageIds.length, new NoLog());
    pool = pages.pool();
    value.reserve(Records.VALUE_BYTES);
    for (int page = 0; page < pageIds.length; page++) {
      pageIds[page] = fill(pages.newTree(), page);
    }
  }

  private long fill(BTree tree, long page) throws IOException {
    for (int record = 0; record < records; record++) {
      setKey(page * records + record);
      tree.put(key.set(keyBytes), value, 0);
    }
    if (tree.height() != 1) {
      throw new IllegalStateException("a leaf holds less than " + records + " records");
    }
    return tree.rootId();
  }

  @TearDown(Level.Trial)
  public void close() {
    pages.close();
    arena.close();
  }

  @Benchmark
  public int find() {
    random = Records.nextRandom(random);
    long record = Records.below(random, (long) pageIds.length * records);
    setKey(record);
    long page = pool.address(pageIds[(int) (record / records)]);
    return NodeSearch.find(page, pageBytes, keyBytes.address(), Records.KEY_BYTES);
  }

  private void setKey(long record) {
    Records.setKey(keyBytes, Records.key(record));
  }
}
