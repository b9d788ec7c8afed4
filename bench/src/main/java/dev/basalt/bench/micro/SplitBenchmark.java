// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench.micro;

import dev.basalt.bench.MemoryPages;
import dev.basalt.bench.NoLog;
import dev.basalt.bench.Records;
import dev.basalt.index.BTree;
import dev.basalt.index.PageSpace;
import dev.basalt.index.SearchKey;
import dev.basalt.index.ValueBuffer;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Splits of leaves in a tree without a log. The leaves are full by a load in order; the splits hit
 * leaves at random with full siblings, so that nothing is shifted to those. Counted in: the puts
 * that lead to a split, one or two, and the first use of the new page's memory. The bytes that show
 * as allocated are of the load before.
 *
 * <p>{@code scripts/bench micro Split}
 */
@NullUnmarked // JMH calls the setup before anything else
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3)
@Measurement(iterations = 5)
public class SplitBenchmark {
  private static final int PAGE_BYTES = 4096;
  private static final int SPLITS = 8192;

  /** More than four leaves hold. */
  private static final int RECORDS_PER_SPLIT = 128;

  private static final int RECORDS = SPLITS * RECORDS_PER_SPLIT;
  private static final long RECORDS_PER_PAGE_MIN = 12;

  /** Between two keys of the load; the upper bits of keys differ, as those of random ones. */
  private static final long KEY_GAP = Long.MAX_VALUE / RECORDS;

  /** Odd, so that it visits all places. */
  private static final int PLACE_STEP = 3793;

  private final SearchKey key = new SearchKey();
  private final ValueBuffer value = new ValueBuffer();
  private final MemorySegment keyBytes = MemorySegment.ofArray(new byte[Records.KEY_BYTES]);
  private MemoryPages pages;
  private PageSpace space;
  private BTree tree;

  @Setup(Level.Iteration)
  public void open() throws IOException {
    pages = MemoryPages.open(PAGE_BYTES, RECORDS / RECORDS_PER_PAGE_MIN, new NoLog());
    space = pages.space();
    tree = pages.newTree();
    value.reserve(Records.VALUE_BYTES);
    for (long record = 0; record < RECORDS; record++) {
      put(record * KEY_GAP);
    }
  }

  @TearDown(Level.Iteration)
  public void close() {
    pages.close();
  }

  @Benchmark
  @OperationsPerInvocation(SPLITS)
  public void splitLeaf() throws IOException {
    for (int i = 0; i < SPLITS; i++) {
      long place = (long) i * PLACE_STEP % SPLITS;
      long next = place * RECORDS_PER_SPLIT * KEY_GAP + 1;
      for (long before = space.availablePages(); space.availablePages() == before; next++) {
        put(next);
      }
    }
  }

  private void put(long number) throws IOException {
    Records.setKey(keyBytes, number);
    tree.put(key.set(keyBytes), value, 0);
  }
}
