// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli.demo;

import dev.basalt.engine.Store;
import dev.basalt.engine.VerifyReport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Concurrent writers that note each acknowledged step, and the check of what they left behind.
 *
 * <p>Made to be killed: start it, kill it while it writes, start it again on the same store.
 *
 * <p><b>Concurrency.</b> Called by one thread; each writer is a thread of its own.
 */
public final class CrashTest {
  private final Store store;
  private final Path acknowledged;
  private final Map<Integer, Long> lastSteps;

  /**
   * Reads what was acknowledged so far.
   *
   * @param store the store, open
   * @param acknowledged the file with the acknowledged steps
   * @throws IOException when it cannot be read
   */
  public CrashTest(Store store, Path acknowledged) throws IOException {
    this.store = store;
    this.acknowledged = acknowledged;
    this.lastSteps = AcknowledgedLog.lastSteps(acknowledged);
  }

  /**
   * Returns how many steps were acknowledged.
   *
   * @return the sum over all writers
   */
  public long acknowledgedCount() {
    return lastSteps.values().stream().mapToLong(Long::longValue).sum();
  }

  /**
   * Compares the store with what was acknowledged and checks its structure.
   *
   * @param writerCount how many writers there were
   * @return one line per problem
   */
  public List<String> check(int writerCount) {
    List<String> problems = new ArrayList<>();
    for (int writer = 0; writer < writerCount; writer++) {
      long lastStep = lastSteps.getOrDefault(writer, 0L);
      for (String problem : new HistoryCheck(new History(writer), lastStep).run(store)) {
        problems.add("writer " + writer + " after step " + lastStep + ": " + problem);
      }
    }
    VerifyReport report = store.verify();
    report.problems().forEach(problem -> problems.add("verify: " + problem));
    return problems;
  }

  /**
   * Writes until the time is up, the process is killed or the store fails.
   *
   * @param writerCount how many threads
   * @param seconds how long
   * @return how many steps were acknowledged
   * @throws IOException when the file with the acknowledged steps cannot be written
   * @throws InterruptedException when the calling thread is interrupted
   */
  public long write(int writerCount, long seconds) throws IOException, InterruptedException {
    AtomicReference<@Nullable RuntimeException> failure = new AtomicReference<>();
    long deadline = System.nanoTime() + seconds * 1_000_000_000L;
    List<Thread> threads = new ArrayList<>();
    long before = acknowledgedCount();
    try (AcknowledgedLog log = new AcknowledgedLog(acknowledged)) {
      for (int i = 0; i < writerCount; i++) {
        History history = new History(i);
        long first = lastSteps.getOrDefault(i, 0L) + 1;
        threads.add(
            Thread.ofPlatform()
                .name("writer-" + i)
                .start(() -> run(history, first, deadline, log, failure)));
      }
      for (Thread thread : threads) {
        thread.join();
      }
    }
    RuntimeException first = failure.get();
    if (first != null) {
      throw first;
    }
    lastSteps.putAll(AcknowledgedLog.lastSteps(acknowledged));
    return acknowledgedCount() - before;
  }

  private void run(
      History history,
      long firstStep,
      long deadline,
      AcknowledgedLog log,
      AtomicReference<@Nullable RuntimeException> failure) {
    try {
      for (long step = firstStep; System.nanoTime() < deadline && failure.get() == null; step++) {
        history.perform(store, step);
        log.add(history.writer(), step);
      }
    } catch (RuntimeException e) {
      failure.compareAndSet(null, e);
    }
  }
}
