// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench.micro;

import dev.basalt.bench.NoLog;
import dev.basalt.bench.NullDevice;
import dev.basalt.bench.Records;
import dev.basalt.bufferpool.BufferPool;
import dev.basalt.bufferpool.BufferPoolConfig;
import dev.basalt.bufferpool.PageHeader;
import dev.basalt.iostack.IoStack;
import dev.basalt.iostack.IoStackConfig;
import dev.basalt.iostack.agent.Execution;
import java.io.IOException;
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
 * The three ways to use a resident page: one page over and over, and random ones of 512 MiB.
 *
 * <p>{@code scripts/bench micro PageLatch}
 */
@NullUnmarked // JMH calls the setup before anything else
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
public class PageLatchBenchmark {
  private static final int PAGE_BYTES = 4096;

  /** How many pages are used in turn. */
  @Param({"1", "131072"})
  int pages;

  private IoStack io;
  private BufferPool pool;
  private long random = 88172645463325252L;

  @Setup(Level.Trial)
  public void open() throws IOException {
    io = IoStack.start(new NullDevice(), IoStackConfig.defaults(), Execution.threads());
    long poolBytes = 2L * Math.max(pages, BufferPoolConfig.POOL_PAGES_MIN) * PAGE_BYTES;
    BufferPoolConfig config = new BufferPoolConfig(PAGE_BYTES, 0, 1 << 20, poolBytes, 0);
    pool = BufferPool.open(config, io, new NoLog(), Execution.threads());
    for (long pageId = 0; pageId < pages; pageId++) {
      pool.create(pageId);
      pool.unlatchExclusive(pageId, false);
    }
  }

  @TearDown(Level.Trial)
  public void close() {
    pool.close();
    io.close();
  }

  @Benchmark
  public long optimistic() throws IOException {
    long pageId = nextPage();
    while (true) {
      long token = pool.optimistic(pageId);
      long lsn = PageHeader.lsn(pool.address(pageId));
      if (pool.validate(pageId, token)) {
        return lsn;
      }
    }
  }

  @Benchmark
  public long shared() throws IOException {
    long pageId = nextPage();
    pool.latchShared(pageId);
    long lsn = PageHeader.lsn(pool.address(pageId));
    pool.unlatchShared(pageId);
    return lsn;
  }

  @Benchmark
  public long exclusive() throws IOException {
    long pageId = nextPage();
    pool.latchExclusive(pageId);
    long lsn = PageHeader.lsn(pool.address(pageId));
    pool.unlatchExclusive(pageId, false);
    return lsn;
  }

  private long nextPage() {
    random = Records.nextRandom(random);
    return Records.below(random, pages);
  }
}
