// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.bench.PeerWorkload.Operation;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PeerWorkloadTest {
  private static final int DRAWS = 1_000_000;

  /** The mixes of YCSB's core workloads, and the project's own. */
  @ParameterizedTest
  @CsvSource({
    "YCSB_A, READ, 50, UPDATE",
    "YCSB_B, READ, 95, UPDATE",
    "READ_ZIPF, READ, 100, READ",
    "YCSB_D, READ, 95, INSERT",
    "YCSB_E, SCAN_SHORT, 95, INSERT",
    "YCSB_F, READ, 50, MODIFY",
    "UPDATE_HALF, READ, 50, UPDATE",
    "SCAN_DOWN, SCAN_DOWN, 100, SCAN_DOWN"
  })
  void shouldMixOperations(PeerWorkload workload, Operation main, double percent, Operation other) {
    Map<Operation, Integer> drawn = new EnumMap<>(Operation.class);
    long random = Records.key(1);
    for (int i = 0; i < DRAWS; i++) {
      random = Records.nextRandom(random);
      drawn.merge(workload.operation(random), 1, Integer::sum);
    }
    assertEquals(percent, drawn.getOrDefault(main, 0) * 100.0 / DRAWS, 0.2);
    assertTrue(EnumSet.of(main, other).containsAll(drawn.keySet()), drawn.toString());
  }

  @Test
  void shouldInsertNewKeysAndReadTheLatestMostOften() {
    int count = 1_000;
    AtomicLong recordCount = new AtomicLong(count);
    Journal journal = new Journal();
    PeerCaller caller =
        new PeerCaller(
            journal,
            new PeerCaller.Shared(new NumberKeys(count), new Zipf(count, 0.99), recordCount),
            0);
    for (int i = 0; i < 20_000; i++) {
      caller.run(PeerWorkload.YCSB_D);
    }
    List<Long> inserted = new ArrayList<>();
    for (long record = count; record < recordCount.get(); record++) {
      inserted.add(Records.key(record));
    }
    assertEquals(inserted, journal.puts);
    assertEquals(0.05, (double) journal.puts.size() / (journal.puts.size() + journal.gets), 0.01);
    assertEquals(0.134, (double) journal.latest / journal.gets, 0.02, "rank 0 of 1,000");
  }

  @Test
  void shouldScanOneToAHundredRecordsInWorkloadE() {
    int count = 1_000;
    Journal journal = new Journal();
    PeerCaller caller =
        new PeerCaller(
            journal,
            new PeerCaller.Shared(
                new NumberKeys(count), new Zipf(count, 0.99), new AtomicLong(count)),
            0);
    for (int i = 0; i < 20_000; i++) {
      caller.run(PeerWorkload.YCSB_E);
    }
    assertEquals(1, journal.scans.stream().mapToInt(length -> length).min().orElse(0));
    assertEquals(100, journal.scans.stream().mapToInt(length -> length).max().orElse(0));
    assertEquals(50.5, journal.scans.stream().mapToInt(length -> length).average().orElse(0), 1.5);
  }

  /** Remembers what it was asked. */
  private static final class Journal implements Peer.Session {
    private final List<Long> puts = new ArrayList<>();
    private final List<Integer> scans = new ArrayList<>();
    private long gets;
    private long latest;

    @Override
    public void put(long key) {
      puts.add(key);
    }

    @Override
    public void get(long key) {
      gets++;
      long newest = puts.isEmpty() ? Records.key(999) : puts.getLast();
      if (key == newest) {
        latest++;
      }
    }

    @Override
    public int scan(long key, int count, boolean isUpwards) {
      scans.add(count);
      return count;
    }
  }
}
