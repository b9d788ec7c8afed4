// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench.micro;

import dev.basalt.bench.CallerThreads;
import dev.basalt.bench.NullDevice;
import dev.basalt.iostack.IoStack;
import dev.basalt.iostack.IoStackConfig;
import dev.basalt.iostack.agent.Execution;
import java.io.IOException;
import java.lang.foreign.Arena;
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
 * A blocking call's way to an I/O thread and back: a request through the ring, a device that does
 * nothing, the caller woken. One platform thread alone, and many virtual ones, whose calls the I/O
 * thread takes together.
 *
 * <p>{@code scripts/bench micro HandOff}
 */
@NullUnmarked // JMH calls the setup before anything else
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
public class HandOffBenchmark {
  private static final int BLOCK_BYTES = 4096;
  private static final int THREADS = 256;
  private static final int CALLS_PER_THREAD = 64;

  private Arena arena;
  private IoStack io;
  private long address;

  @Setup(Level.Trial)
  public void open() throws IOException {
    arena = Arena.ofShared();
    address = arena.allocate(BLOCK_BYTES, BLOCK_BYTES).address();
    io = IoStack.start(new NullDevice(), IoStackConfig.defaults(), Execution.threads());
  }

  @TearDown(Level.Trial)
  public void close() {
    io.close();
    arena.close();
  }

  @Benchmark
  public void platformThread() throws IOException {
    io.read(0, 1, address);
  }

  /** The start of the threads is part of it, and all that is allocated. */
  @Benchmark
  @OperationsPerInvocation(THREADS * CALLS_PER_THREAD)
  public void virtualThreads() throws IOException {
    CallerThreads.run(
        THREADS,
        _ -> {
          for (int i = 0; i < CALLS_PER_THREAD; i++) {
            io.read(0, 1, address);
          }
        });
  }
}
