// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.bufferpool.BufferPoolStatistics;
import dev.basalt.iostack.sim.Simulation;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What scans read before they come to it. In simulation: the same seed reads the same. */
@Timeout(60)
class ReadAheadTest {
  private static final int POOL_PAGES = 2048;
  private static final int STORE_PAGES = 8192;
  private static final int RECORDS = 60_000;
  private static final int VALUE_BYTES = 120;

  /** More than the leaves of {@link #RECORDS}, so that other pages push these out. */
  private static final int OTHER_RECORDS = 100_000;

  private interface Body {
    void run(TreeFixture fixture) throws IOException;
  }

  /**
   * Runs with a tree in order on the device, of which no leaf of the first records is in memory.
   */
  private static void inSimulation(Body body) {
    Simulation simulation = new Simulation(1);
    simulation.client(
        "main",
        () -> {
          try (TreeFixture fixture = new TreeFixture(POOL_PAGES, STORE_PAGES, simulation)) {
            for (int i = 0; i < RECORDS + OTHER_RECORDS; i++) {
              fixture.put(TreeFixture.bytes(i), new byte[VALUE_BYTES]);
            }
            fixture.pool.writeBackAll();
            for (int i = RECORDS; i < RECORDS + OTHER_RECORDS; i += 10) {
              fixture.get(TreeFixture.bytes(i));
            }
            body.run(fixture);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
    simulation.run();
  }

  /** Scans some records; returns how many pages were read for that. */
  private static long scan(TreeFixture fixture, TreeCursor cursor, int from, int count)
      throws IOException {
    long before = fixture.pool.statistics().pagesRead();
    int step = count > 0 ? 1 : -1;
    cursor.seek(fixture.key.set(TreeFixture.bytes(from)));
    SearchKey found = new SearchKey();
    for (int i = 0; i != count; i += step) {
      assertTrue(step > 0 ? cursor.next() : cursor.previous());
      cursor.key(found);
      assertArrayEquals(TreeFixture.bytes(step > 0 ? from + i : from + i - 1), found.toByteArray());
    }
    return fixture.pool.statistics().pagesRead() - before;
  }

  @Test
  void shouldReadFewLeavesInVainForShortScan() {
    inSimulation(
        fixture -> {
          for (int from = 1_000; from < 50_000; from += 7_000) {
            long up = scan(fixture, fixture.tree.cursor(), from, 100);
            assertTrue(up <= 12, up + " pages read"); // 100 records are in 4 to 8 leaves
            long down = scan(fixture, fixture.tree.cursor(), from + 3_000, -100);
            assertTrue(down <= 12, down + " pages read");
          }
        });
  }

  @Test
  void shouldReadInLargeBatchesForLongScan() {
    inSimulation(fixture -> assertLargeBatches(fixture, 0, RECORDS));
  }

  @Test
  void shouldReadInLargeBatchesForLongScanDownwards() {
    inSimulation(fixture -> assertLargeBatches(fixture, RECORDS, -RECORDS));
  }

  private static void assertLargeBatches(TreeFixture fixture, int from, int count)
      throws IOException {
    BufferPoolStatistics before = fixture.pool.statistics();
    long read = scan(fixture, fixture.tree.cursor(), from, count);
    BufferPoolStatistics after = fixture.pool.statistics();
    long ahead = after.pagesPrefetched() - before.pagesPrefetched();
    long commands = after.prefetchCommands() - before.prefetchCommands();
    assertTrue(read > 1_500, read + " pages read");
    assertTrue(ahead >= read * 95 / 100, ahead + " of " + read + " pages read ahead");
    assertTrue(ahead >= 8 * commands, ahead + " pages by " + commands + " commands");
  }

  /** Bounds are known: nothing beyond them is read. */
  @Test
  void shouldNotReadBeyondTheBounds() {
    inSimulation(
        fixture -> {
          SearchKey bound = new SearchKey();
          TreeCursor cursor = fixture.tree.cursor();
          cursor.low(bound.set(TreeFixture.bytes(20_000)), true);
          cursor.high(bound.set(TreeFixture.bytes(20_600)), false);
          long up = scan(fixture, cursor, 20_000, 600);
          cursor.low(bound.set(TreeFixture.bytes(30_000)), true);
          cursor.high(bound.set(TreeFixture.bytes(30_600)), false);
          long down = scan(fixture, cursor, 30_600, -600);
          long most = up; // both are in about as many leaves
          assertTrue(up <= 600 / 14, up + " pages read upwards");
          assertTrue(
              Math.abs(down - most) <= 2, down + " pages read downwards, " + up + " upwards");
        });
  }

  @Test
  void shouldReadNothingAheadInMemory() {
    inSimulation(
        fixture -> {
          scan(fixture, fixture.tree.cursor(), 10_000, 1_200); // not long yet
          assertEquals(0, scan(fixture, fixture.tree.cursor(), 10_100, 1_000));
          assertEquals(0, scan(fixture, fixture.tree.cursor(), 11_100, -1_000));
        });
  }
}
