// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.iostack.sim.Simulation;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a scan of everything leaves of the pages that gets use. In simulation: same seed, same. */
@Timeout(60)
class ScanResistanceTest {
  private static final int POOL_PAGES = 1024;
  private static final int STORE_PAGES = 8192;
  private static final int RECORDS = 32_000;
  private static final int VALUE_BYTES = 400;

  /** Each in a leaf of its own: half of the pool. */
  private static final int HOT_RECORDS = 500;

  private static final int HOT_EVERY = RECORDS / HOT_RECORDS;

  private static final int PERCENT = 100;

  /** A tree of about nine times the pool, after its hot records were read some times. */
  private static final class Warm implements AutoCloseable {
    final TreeFixture fixture;

    Warm(Simulation simulation) throws IOException {
      fixture = new TreeFixture(POOL_PAGES, STORE_PAGES, simulation);
      for (int i = 0; i < RECORDS; i++) {
        fixture.put(TreeFixture.bytes(i), new byte[VALUE_BYTES]);
      }
      fixture.pool.writeBackAll();
      for (int round = 0; round < 4; round++) {
        getHot();
      }
    }

    void getHot() throws IOException {
      for (int i = 0; i < HOT_RECORDS; i++) {
        fixture.get(TreeFixture.bytes(hot(i)));
      }
    }

    private static int hot(int index) {
      return index * HOT_EVERY;
    }

    /** Returns how many of a hundred gets of hot records need no read. */
    long hitPercent() throws IOException {
      long before = fixture.pool.statistics().misses();
      getHot();
      long misses = fixture.pool.statistics().misses() - before;
      return PERCENT * (HOT_RECORDS - misses) / HOT_RECORDS;
    }

    void scan(boolean isUpwards) throws IOException {
      TreeCursor cursor = fixture.tree.cursor();
      int count = 0;
      while (isUpwards ? cursor.next() : cursor.previous()) {
        count++;
      }
      assertEquals(RECORDS, count);
    }

    @Override
    public void close() {
      fixture.close();
    }
  }

  /** What a test does with a warm tree. */
  private interface Body {
    void run(Warm warm) throws IOException;
  }

  private static void inSimulation(Body body) {
    for (int seed = 0; seed < 4; seed++) {
      Simulation simulation = new Simulation(seed);
      simulation.client(
          "main",
          () -> {
            try (Warm warm = new Warm(simulation)) {
              body.run(warm);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
      simulation.run();
    }
  }

  @Test
  void shouldKeepHotPagesThroughScanUpwards() {
    inSimulation(warm -> assertHitsSurvive(warm, true));
  }

  @Test
  void shouldKeepHotPagesThroughScanDownwards() {
    inSimulation(warm -> assertHitsSurvive(warm, false));
  }

  private static void assertHitsSurvive(Warm warm, boolean isUpwards) throws IOException {
    long before = warm.hitPercent();
    warm.scan(isUpwards);
    warm.scan(isUpwards);
    long after = warm.hitPercent();
    assertEquals(PERCENT, before);
    assertTrue(after >= 90, "hits were " + before + " %, are " + after + " %");
  }

  /** The same records read by short scans stay: it is not cursors that are distrusted. */
  @Test
  void shouldKeepPagesOfShortScans() {
    inSimulation(
        warm -> {
          for (int round = 0; round < 3; round++) {
            scanHot(warm.fixture);
          }
          warm.scan(true);
          long before = warm.fixture.pool.statistics().misses();
          scanHot(warm.fixture);
          long misses = warm.fixture.pool.statistics().misses() - before;
          assertTrue(misses <= HOT_RECORDS / 10, misses + " misses");
        });
  }

  private static void scanHot(TreeFixture fixture) throws IOException {
    TreeCursor cursor = fixture.tree.cursor();
    for (int i = 0; i < HOT_RECORDS; i += 2) { // with those behind, some 350 leaves
      cursor.seek(fixture.key.set(TreeFixture.bytes(Warm.hot(i))));
      for (int record = 0; record < 4; record++) {
        assertTrue(cursor.next());
      }
    }
  }

  /** Those of the upper half are not used while gets in the lower one evict all there is. */
  @Test
  void shouldKeepInnerNodesUnderPressure() {
    inSimulation(
        warm -> {
          for (int i = 0; i < RECORDS; i++) {
            warm.fixture.get(TreeFixture.bytes(i * 2_579L % (RECORDS / 2)));
          }
          long before = warm.fixture.pool.statistics().misses();
          int leaves = 0;
          for (int i = RECORDS / 2 + 20; i < RECORDS; i += 160) {
            warm.fixture.get(TreeFixture.bytes(i));
            leaves++;
          }
          long misses = warm.fixture.pool.statistics().misses() - before;
          assertEquals(leaves, misses);
        });
  }
}
