// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench.micro;

import dev.basalt.bench.NoLog;
import dev.basalt.bench.NullDevice;
import dev.basalt.bufferpool.BufferPool;
import dev.basalt.bufferpool.BufferPoolConfig;
import dev.basalt.iostack.IoStack;
import dev.basalt.iostack.IoStackConfig;
import dev.basalt.iostack.agent.Agent;
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
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The duty cycle of the page provider, per evicted page: the clock, the batch and its drop, and for
 * dirty pages the checksum, the copy and the command, to a device that does nothing.
 *
 * <p>The provider has no thread here; each invocation takes the frames of 768 pages, not timed, and
 * then runs duty cycles until the reserve is whole again.
 *
 * <p>{@code scripts/bench micro Eviction}
 */
@NullUnmarked // JMH calls the setup before anything else
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 3, time = 1)
public class EvictionBenchmark {
  private static final int PAGE_BYTES = 4096;
  private static final long POOL_PAGES = 16_384;
  private static final long PAGES = 4 * POOL_PAGES;

  /** More than half of the reserve, which is what makes the provider begin. */
  private static final int BATCH = 768;

  /** Whether the pages were changed. */
  @Param({"false", "true"})
  boolean dirty;

  private final SteppedAgents agents = new SteppedAgents();
  private Agent provider;
  private IoStack io;
  private BufferPool pool;
  private long next;

  @Setup(Level.Trial)
  public void open() throws IOException {
    io = IoStack.start(new NullDevice(), IoStackConfig.defaults(), Execution.threads());
    BufferPoolConfig config =
        new BufferPoolConfig(PAGE_BYTES, 0, PAGES, POOL_PAGES * PAGE_BYTES, 0);
    pool = BufferPool.open(config, io, new NoLog(), agents);
    provider = agents.agent("page-provider");
    while (!provider.hasWork()) {
      create();
    }
    evict();
  }

  @TearDown(Level.Trial)
  public void close() {
    pool.close();
    io.close();
  }

  @Setup(Level.Invocation)
  public void fill() throws IOException {
    for (int i = 0; i < BATCH; i++) {
      create();
    }
    // After groups of dirty pages the reserve may be more than whole: then some more, or nothing
    // would be evicted now, and the next pages would wait for a provider that nobody runs.
    while (!provider.hasWork()) {
      create();
    }
  }

  @Benchmark
  @OperationsPerInvocation(BATCH)
  public void evict() {
    int done;
    do {
      done = provider.doWork();
      if (done == 0) {
        provider.sleep(agents, 1); // its way to begin another round of the clock
      }
    } while (done > 0 || provider.hasWork());
  }

  private void create() throws IOException {
    pool.create(next);
    pool.unlatchExclusive(next, dirty);
    next = (next + 1) % PAGES;
  }
}
