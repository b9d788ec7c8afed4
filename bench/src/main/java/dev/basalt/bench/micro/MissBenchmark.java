// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench.micro;

import dev.basalt.bench.NoLog;
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
 * Misses of one thread: pages are visited in turn, four times as many as fit, so that each has been
 * evicted when it is wanted again. The page provider evicts beside it, on another processor where
 * there is one.
 *
 * <p>{@code scripts/bench micro Miss}
 */
@NullUnmarked // JMH calls the setup before anything else
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
public class MissBenchmark {
  private static final int PAGE_BYTES = 4096;
  private static final long POOL_PAGES = 16_384;
  private static final long PAGES = 4 * POOL_PAGES;

  /** Where the pages are: memory of the process, or a file in a directory. */
  @Param({"ram", "/dev/shm"})
  String device;

  private Path file;
  private BlockDevice opened;
  private IoStack io;
  private BufferPool pool;
  private long next;

  @Setup(Level.Trial)
  public void open() throws IOException {
    opened = Devices.open(uri(), Execution.threads());
    io = IoStack.start(opened, IoStackConfig.defaults(), Execution.threads());
    BufferPoolConfig config =
        new BufferPoolConfig(PAGE_BYTES, 0, PAGES, POOL_PAGES * PAGE_BYTES, 0);
    pool = BufferPool.open(config, io, new NoLog(), Execution.threads());
    for (long pageId = 0; pageId < PAGES; pageId++) {
      pool.create(pageId);
      pool.unlatchExclusive(pageId, true);
    }
    pool.writeBackAll();
  }

  private String uri() throws IOException {
    long bytes = PAGES * PAGE_BYTES;
    if (device.equals("ram")) {
      return "ram:" + bytes;
    }
    file = Files.createTempFile(Path.of(device), "basalt-bench", ".pages");
    return "io_uring:" + file + "?size=" + bytes;
  }

  @TearDown(Level.Trial)
  public void close() throws IOException {
    pool.close();
    io.close();
    opened.close();
    if (file != null) {
      Files.delete(file);
    }
  }

  @Benchmark
  public long miss() throws IOException {
    long pageId = next;
    next = (next + 1) % PAGES;
    while (true) {
      long token = pool.optimistic(pageId);
      long lsn = PageHeader.lsn(pool.address(pageId));
      if (pool.validate(pageId, token)) {
        return lsn;
      }
    }
  }
}
