// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.basalt.index.ContentionConfig;
import dev.basalt.iostack.BlockDeviceProvider;
import dev.basalt.iostack.Devices;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Clients on platform and virtual threads change, read and scan a store with a tiny pool and a
 * small log; it is closed, every other time under them, opened and compared over and over. The
 * threads are real: a seed gives the same operations, not the same run.
 */
final class StoreTortureIT {
  private static final long NANOS_PER_SECOND = 1_000_000_000;
  private static final long ROUND_NANOS = 2 * NANOS_PER_SECOND;
  private static final List<Durability> MODES =
      List.of(Durability.sync(), Durability.none(), Durability.group(Duration.ofMillis(2)));

  @TempDir private Path directory;

  @ParameterizedTest
  @CsvSource({"io_uring, 1", "file, 2"})
  void shouldStayWholeUnderConcurrentChange(String scheme, long seed) throws Exception {
    torture(scheme, 4 * NANOS_PER_SECOND, seed);
  }

  @ParameterizedTest
  @Tag("long")
  @CsvSource({"io_uring, 11", "io_uring, 12", "file, 13"})
  void shouldStayWholeForAMinute(String scheme, long seed) throws Exception {
    torture(scheme, 60 * NANOS_PER_SECOND, seed);
  }

  private void torture(String scheme, long nanos, long seed) throws Exception {
    for (BlockDeviceProvider provider : Devices.providers()) {
      if (provider.scheme().equals(scheme)) {
        assumeTrue(provider.availability().usable(), provider.availability().reason());
      }
    }
    List<TortureClient> clients = new ArrayList<>();
    for (int i = 0; i < TortureClient.CLIENT_COUNT; i++) {
      clients.add(new TortureClient(i, seed));
    }
    long start = System.nanoTime();
    int round = 0;
    for (; System.nanoTime() - start < nanos; round++) {
      Store store = Store.open(config(scheme, round));
      check(store, clients);
      run(store, clients, round % 2 == 1);
    }
    try (Store store = Store.open(config(scheme, round))) {
      check(store, clients);
    }
  }

  private StoreConfig config(String scheme, int round) {
    return StoreConfig.builder()
        .device(scheme + ":" + directory.resolve("store"))
        .poolBytes(1 << 20)
        .logBytes(2 << 20)
        .growthBytes(1 << 20)
        .storeBytesMax(1 << 30)
        .durability(MODES.get(round % MODES.size()))
        .contention(new ContentionConfig(1, 16, 1))
        .build();
  }

  private static void check(Store store, List<TortureClient> clients) {
    long entries = 0;
    for (TortureClient client : clients) {
      entries += client.check(store);
    }
    VerifyReport report = store.verify();
    assertTrue(report.isWhole(), () -> report.problems().toString());
    assertEquals(
        entries,
        report.tables().stream().mapToLong(VerifyReport.TableReport::entryCount).sum(),
        "entries");
  }

  /** Lets the clients work for a round and closes the store, under them or after they ended. */
  private static void run(Store store, List<TortureClient> clients, boolean underThem)
      throws Exception {
    long deadline = System.nanoTime() + ROUND_NANOS * (underThem ? 2 : 1);
    try (ExecutorService platform = Executors.newCachedThreadPool();
        ExecutorService virtual = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> ends = new ArrayList<>();
      for (int i = 0; i < clients.size(); i++) {
        TortureClient client = clients.get(i);
        ends.add((i % 2 == 0 ? platform : virtual).submit(() -> client.run(store, deadline)));
      }
      if (underThem) {
        platform.shutdown();
        platform.awaitTermination(ROUND_NANOS, TimeUnit.NANOSECONDS);
        store.close();
      }
      for (Future<?> end : ends) {
        end.get();
      }
    } finally {
      store.close();
    }
  }
}
