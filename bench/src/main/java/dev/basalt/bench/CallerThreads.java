// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Runs the same body on many threads and waits for all. */
public final class CallerThreads {
  /** What one thread does. */
  @FunctionalInterface
  public interface Body {
    void run(int index) throws IOException;
  }

  private CallerThreads() {}

  /**
   * Threads of the platform where each can have a processor or two share one, else virtual ones.
   */
  static Thread.Builder ofCount(int count) {
    return count <= 2 * Runtime.getRuntime().availableProcessors()
        ? Thread.ofPlatform()
        : Thread.ofVirtual();
  }

  /** Runs the bodies on virtual threads. */
  public static void run(int count, Body body) throws IOException {
    run(Thread.ofVirtual(), count, body);
  }

  /** Runs the bodies; the first failure of any is thrown when all have ended. */
  static void run(Thread.Builder builder, int count, Body body) throws IOException {
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    Thread[] threads = new Thread[count];
    for (int i = 0; i < count; i++) {
      int index = i;
      threads[i] = builder.start(() -> runOne(body, index, failure));
    }
    for (Thread thread : threads) {
      join(thread);
    }
    Throwable first = failure.get();
    if (first != null) {
      throw new IOException("a thread of the benchmark failed: " + first, first);
    }
  }

  private static void runOne(Body body, int index, AtomicReference<@Nullable Throwable> failure) {
    try {
      body.run(index);
    } catch (IOException | RuntimeException | Error e) { // told to the one who joins
      failure.compareAndSet(null, e);
    }
  }

  private static void join(Thread thread) throws IOException {
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted in the middle of a round", e);
    }
  }
}
