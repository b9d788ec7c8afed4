// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench.micro;

import dev.basalt.bench.EvictedPages;
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
@Warmup(iterations = 5, time = 1) // until the read is compiled, it allocates
@Measurement(iterations = 3, time = 1)
public class MissBenchmark {
  /** Where the pages are: memory of the process, or a file in a directory. */
  @Param({"ram", "/dev/shm"})
  String device;

  private EvictedPages pages;

  @Setup(Level.Trial)
  public void open() throws IOException {
    pages = EvictedPages.open(device);
  }

  @TearDown(Level.Trial)
  public void close() throws IOException {
    pages.close();
  }

  @Benchmark
  public long miss() throws IOException {
    return pages.readNext();
  }
}
