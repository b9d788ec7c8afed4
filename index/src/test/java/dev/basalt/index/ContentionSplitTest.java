// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.basalt.iostack.sim.SimulatedClient;
import dev.basalt.iostack.sim.Simulation;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Writers of a tree in simulation: their contention is the seed's. */
class ContentionSplitTest {
  private static final int RECORDS = 24;
  private static final int UPDATES = 3_000;
  private static final int PAGES = 256;
  private static final ContentionConfig ALL = new ContentionConfig(1, 64, 1);

  private long traceHash;

  /** What is done with a tree that holds {@link #RECORDS} records in one leaf. */
  private interface Body {
    void run(Simulation simulation, TreeFixture fixture, BTree tree) throws IOException;
  }

  @Test
  void shouldSplitOnceBetweenTheRecordsOfTwoWriters() {
    run(
        1,
        ALL,
        (simulation, fixture, tree) -> {
          update(simulation, fixture, tree, 10, 11);
          assertEquals(1, tree.contention().splits());
          assertEquals(2, fixture.verified().leafCount());
          long contended = tree.contention().contendedUpdates();
          assertTrue(contended > 0, "no contention");
          update(simulation, fixture, tree, 10, 11);
          assertEquals(contended, tree.contention().contendedUpdates(), "still in one leaf");
        });
  }

  @Test
  void shouldSplitNearTheMiddleBetweenRecordsFarApart() {
    run(
        2,
        ALL,
        (simulation, fixture, tree) -> {
          update(simulation, fixture, tree, 0, RECORDS - 1);
          assertEquals(1, tree.contention().splits());
          assertEquals(2, fixture.verified().leafCount());
          update(simulation, fixture, tree, RECORDS / 2 - 2, RECORDS / 2 + 2);
          assertEquals(2, fixture.verified().leafCount(), "not split in the middle");
        });
  }

  @Test
  void shouldNeverSplitForWritersOfOneRecord() {
    run(
        3,
        ALL,
        (simulation, fixture, tree) -> {
          update(simulation, fixture, tree, 10, 10);
          assertTrue(tree.contention().contendedUpdates() > 0, "no contention");
          assertEquals(0, tree.contention().splits());
          assertEquals(1, fixture.verified().leafCount());
        });
  }

  @Test
  void shouldEndWithOneRecordInALeaf() {
    run(
        4,
        new ContentionConfig(1, 8, 1),
        (simulation, fixture, tree) -> {
          for (int i = 2; i < RECORDS; i++) {
            assertTrue(tree.delete(fixture.key.set(key(i)), fixture.log.nextLsn()));
          }
          update(simulation, fixture, tree, 0, 1, 0, 1);
          assertEquals(1, tree.contention().splits());
          assertEquals(2, fixture.verified().leafCount());
          assertEquals(2, fixture.verified().keyCount());
        });
  }

  @Test
  void shouldLookAtNothingWhenOff() {
    run(
        5,
        new ContentionConfig(0, 1, 1),
        (simulation, fixture, tree) -> {
          update(simulation, fixture, tree, 10, 11);
          TreeContention none = tree.contention();
          assertEquals(new TreeContention(0, 0, 0, List.of()), none);
          assertEquals(1, fixture.verified().leafCount());
        });
  }

  @Test
  void shouldNotSplitBelowTheThreshold() {
    run(
        6,
        new ContentionConfig(1, 64, 100),
        (simulation, fixture, tree) -> {
          update(simulation, fixture, tree, 10, 11);
          assertTrue(tree.contention().contendedUpdates() > 0, "no contention");
          assertEquals(0, tree.contention().splits());
        });
  }

  @Test
  void shouldLookAtAboutOneUpdateInAnInterval() {
    run(
        7,
        new ContentionConfig(128, 1 << 20, 1),
        (simulation, fixture, tree) -> {
          long before = tree.contention().sampledUpdates();
          int updates = 128 * 100;
          put(fixture, tree, 5, updates, new Random(1));
          long sampled = tree.contention().sampledUpdates() - before;
          assertTrue(sampled >= 80 && sampled <= 120, "sampled: " + sampled);
        });
  }

  @Test
  void shouldNameTheLeaf() {
    run(
        8,
        ALL,
        (simulation, fixture, tree) -> {
          update(simulation, fixture, tree, 10, 11);
          TreeContention contention = tree.contention();
          TreeContention.ContendedLeaf leaf = contention.leaves().getFirst();
          assertEquals(tree.rootId(), leaf.pageId());
          assertEquals(1, leaf.splits());
          assertArrayEquals(new byte[0], leaf.lowerFence());
          assertEquals(
              contention.contendedUpdates(),
              contention.leaves().stream()
                  .mapToLong(TreeContention.ContendedLeaf::contendedUpdates)
                  .sum());
        });
  }

  /** A delete finds the halves sparse, and they would fit one page. */
  @Test
  void shouldNotMergeAgainWhatWasJustSplit() {
    run(
        9,
        ALL,
        (simulation, fixture, tree) -> {
          update(simulation, fixture, tree, 10, 11);
          assertEquals(2, fixture.verified().leafCount());
          for (int i = 0; i < 4; i++) {
            assertTrue(tree.delete(fixture.key.set(key(i)), fixture.log.nextLsn()));
          }
          assertEquals(2, fixture.verified().leafCount(), "merged at once");
          for (int i = 4; i < RECORDS; i++) {
            assertTrue(tree.delete(fixture.key.set(key(i)), fixture.log.nextLsn()));
          }
          for (int i = 0; i < 200; i++) { // nobody contends any more
            tree.put(fixture.key.set(key(0)), fixture.value.set(key(0)), fixture.log.nextLsn());
            tree.delete(fixture.key.set(key(0)), fixture.log.nextLsn());
          }
        });
  }

  /** Before they are evicted, either, unless nobody updates them for a while. */
  @Test
  void shouldNotMergeOnEvictionWhatWasJustSplit() {
    run(
        14,
        ALL,
        (simulation, fixture, tree) -> {
          update(simulation, fixture, tree, 10, 11);
          assertEquals(2, fixture.verified().leafCount());
          fixture.pool.writeBackAll();
          LeafMerger merger = new LeafMerger(fixture.space, MergeConfig.defaults());
          long leaf = tree.rootId() + 1;
          while (!merger.isSparse(leaf)) {
            leaf++;
          }
          int spared = 0;
          while (merger.isSparse(leaf) && merger.isOf(tree) && merger.choose(tree) == 0) {
            spared++;
          }
          assertEquals(16, spared, "attempts in vain");
          assertTrue(merger.merge(tree, 1));
          assertEquals(1, fixture.verified().leafCount());
          assertEquals(RECORDS, fixture.verified().keyCount());
        });
  }

  /** Else their latches are still in one cache line. The pages skipped are used by others. */
  @Test
  void shouldTakePagesWhoseStateWordsAreApart() {
    run(
        13,
        ALL,
        (simulation, fixture, tree) -> {
          update(simulation, fixture, tree, 10, 11);
          List<Long> pages = new ArrayList<>();
          for (long page = tree.rootId() + 1; page < PAGES; page++) {
            if (fixture.space.isAllocated(page)) {
              pages.add(page);
            }
          }
          assertEquals(2, pages.size());
          assertTrue(tree.rootId() / 8 < pages.getFirst() / 8, pages.toString());
          assertTrue(pages.getFirst() / 8 < pages.getLast() / 8, pages.toString());
          PageRun run = fixture.space.allocateRun(fixture.key, 3);
          assertEquals(tree.rootId() + 1, run.firstPageIds()[0]);
          fixture.space.freeRun(fixture.key, run);
        });
  }

  /** Inner nodes of few long separators: the parent has to be split as well. */
  @Test
  void shouldMakeRoomInTheParent() {
    run(
        10,
        new ContentionConfig(1, 8, 1),
        (simulation, fixture, tree) -> {
          for (int i = 0; i < 40; i++) {
            tree.put(fixture.key.set(longKey(i)), fixture.value.set(key(i)), fixture.log.nextLsn());
          }
          long leaves = fixture.verified().leafCount();
          for (int i = 0; i + 1 < 40; i++) {
            int first = i;
            clients(
                simulation,
                2,
                number -> {
                  SearchKey key = new SearchKey().set(longKey(first + number));
                  ValueBuffer value = new ValueBuffer();
                  for (int n = 0; n < 200; n++) {
                    tree.put(key, value.set(key(n)), fixture.log.nextLsn());
                  }
                });
          }
          assertTrue(tree.contention().splits() > 20, "splits: " + tree.contention().splits());
          assertTrue(fixture.verified().leafCount() > leaves + 20, "leaves");
          assertEquals(RECORDS + 40, fixture.verified().keyCount());
        });
  }

  @Test
  void shouldRunAlikeForTheSameSeed() {
    Body body = (simulation, fixture, tree) -> update(simulation, fixture, tree, 10, 11, 12, 13);
    run(11, ALL, body);
    long hash = traceHash;
    run(11, ALL, body);
    assertEquals(hash, traceHash);
    run(12, ALL, body);
    assertNotEquals(hash, traceHash);
  }

  private void run(long seed, ContentionConfig config, Body body) {
    Simulation simulation = new Simulation(seed);
    simulation.client("opener", () -> open(simulation, config, body));
    simulation.run();
    traceHash = simulation.traceHash();
  }

  private static void open(Simulation simulation, ContentionConfig config, Body body)
      throws IOException {
    try (TreeFixture fixture = new TreeFixture(PAGES, PAGES, simulation)) {
      BTree tree = BTree.open(fixture.space, fixture.tree.rootId(), config);
      for (int i = 0; i < RECORDS; i++) {
        fixture.put(key(i), value(i));
      }
      assertEquals(1, fixture.verified().leafCount());
      body.run(simulation, fixture, tree);
    }
  }

  /** Lets a writer for each of some records update it, all at a time. */
  private static void update(Simulation simulation, TreeFixture fixture, BTree tree, int... records)
      throws IOException {
    clients(
        simulation,
        records.length,
        number -> put(fixture, tree, records[number], UPDATES, new Random(number)));
    for (int record : records) {
      assertTrue(tree.get(fixture.key.set(key(record)), fixture.value));
      assertArrayEquals(value(record), fixture.value.toByteArray());
    }
  }

  private static void put(TreeFixture fixture, BTree tree, int record, int updates, Random random)
      throws IOException {
    SearchKey key = new SearchKey().set(key(record));
    ValueBuffer value = new ValueBuffer();
    for (int i = 0; i < updates; i++) {
      int content = i == updates - 1 ? record : random.nextInt();
      assertTrue(tree.put(key, value.set(value(content)), fixture.log.nextLsn()));
    }
  }

  /** What a writer does. */
  private interface Writing {
    void run(int number) throws IOException;
  }

  private static void clients(Simulation simulation, int count, Writing writing) {
    List<SimulatedClient> clients = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int number = i;
      clients.add(simulation.client("writer-" + i, () -> writing.run(number)));
    }
    clients.forEach(SimulatedClient::join);
  }

  private static byte[] key(int i) {
    return TreeFixture.bytes(i);
  }

  private static byte[] longKey(int i) {
    byte[] key = new byte[900];
    key[0] = 1;
    key[key.length - 1] = (byte) i;
    return key;
  }

  private static byte[] value(int i) {
    byte[] value = new byte[100];
    System.arraycopy(TreeFixture.bytes(i), 0, value, 0, 8);
    return value;
  }
}
