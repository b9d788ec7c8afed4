// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench.micro;

import dev.basalt.bench.MemoryPages;
import dev.basalt.bench.NoLog;
import dev.basalt.bench.Records;
import dev.basalt.index.BTree;
import dev.basalt.index.SearchKey;
import dev.basalt.index.TreeCursor;
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
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Single operations of a tree without a log, all pages resident: random keys of 8 bytes, values of
 * 120 bytes, loaded in random order.
 *
 * <p>{@code scripts/bench micro BTreeBenchmark} tells what they allocate, too: nothing.
 */
@NullUnmarked // JMH calls the setup before anything else
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
public class BTreeBenchmark {
  private static final int PAGE_BYTES = 4096;
  private static final long RECORDS_PER_PAGE_MIN = 12;

  /** How many records the tree holds. */
  @Param({"100000", "2000000"})
  int records;

  private final SearchKey key = new SearchKey();
  private final ValueBuffer value = new ValueBuffer();
  private final MemorySegment keyBytes = MemorySegment.ofArray(new byte[Records.KEY_BYTES]);
  private MemoryPages pages;
  private BTree tree;
  private TreeCursor cursor;
  private long lsn;
  private long random = 88172645463325252L;

  @Setup(Level.Trial)
  public void open() throws IOException {
    pages = MemoryPages.open(PAGE_BYTES, records / RECORDS_PER_PAGE_MIN, new NoLog());
    tree = pages.newTree();
    for (int index = 0; index < records; index++) {
      value.reserve(Records.VALUE_BYTES);
      tree.put(keyOf(index), value, lsn++);
    }
    cursor = tree.cursor();
  }

  @TearDown(Level.Trial)
  public void close() {
    pages.close();
  }

  @Benchmark
  public boolean get() throws IOException {
    return tree.get(randomKey(), value);
  }

  /** Looks for a key that is not there: the descent and the search of the leaf, no value. */
  @Benchmark
  public boolean getAbsent() throws IOException {
    random = Records.nextRandom(random);
    return tree.get(keyOf(records + Records.below(random, records)), value);
  }

  /** Replaces a value by one of the same length. */
  @Benchmark
  public boolean put() throws IOException {
    value.reserve(Records.VALUE_BYTES);
    return tree.put(randomKey(), value, lsn++);
  }

  /** Replaces a value by one of another length, so that leaves are compacted. */
  @Benchmark
  public boolean putOtherLength() throws IOException {
    SearchKey chosen = randomKey();
    value.reserve((int) Records.below(~random, Records.VALUE_BYTES));
    return tree.put(chosen, value, lsn++);
  }

  /** Moves to the next record, from the last to the first. */
  @Benchmark
  public boolean next() throws IOException {
    boolean isFound = cursor.next();
    if (!isFound) {
      cursor.low(null, true);
    }
    return isFound;
  }

  private SearchKey randomKey() {
    random = Records.nextRandom(random);
    return keyOf(Records.below(random, records));
  }

  private SearchKey keyOf(long index) {
    Records.setKey(keyBytes, Records.key(index));
    return key.set(keyBytes);
  }
}
