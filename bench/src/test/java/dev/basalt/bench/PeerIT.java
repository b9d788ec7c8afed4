// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.basalt.iostack.BlockDeviceProvider;
import dev.basalt.iostack.Devices;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Every peer does what the benchmark believes it does, compared with a {@code TreeMap}. */
class PeerIT {
  private static final int COUNT = 3_000;
  private static final int STEPS = 2_000;
  private static final long CACHE_BYTES = 64L << 20;
  private static final int SCAN_RECORDS = 7;

  @TempDir private Path directory;

  /** Each store with each sort of keys and each way to load them. */
  static Stream<List<Object>> runs() {
    return Arrays.stream(Peer.Kind.values())
        .flatMap(
            kind ->
                Stream.of(true, false)
                    .flatMap(
                        isText ->
                            Arrays.stream(PeerLoad.values())
                                .map(load -> List.<Object>of(kind, isText, load))));
  }

  @ParameterizedTest
  @MethodSource("runs")
  void shouldDoWhatATreeMapDoes(List<Object> run) throws IOException {
    Peer.Kind kind = (Peer.Kind) run.get(0);
    assumeRunnable(kind);
    Keys keys = run.get(1).equals(true) ? text() : new NumberKeys(COUNT);
    try (Peer peer = kind.open(settings(keys, false))) {
      Peer.Session session = peer.session();
      if (run.get(2) == PeerLoad.ORDERED_LOAD) {
        session.loadInOrder(keys.inOrder());
      } else {
        session.loadAll(keys.atRandom());
      }
      peer.endLoad();
      NavigableMap<byte[], Long> model = new TreeMap<>(Arrays::compareUnsigned);
      for (long key : keys.inOrder()) {
        model.put(keys.bytes(key), key);
      }
      compare(session, keys, model);
      compare(peer.session(), keys, model);
      assertTrue(kind == Peer.Kind.SKIPLIST || peer.spaceBytes(directory) > keys.bytes());
      assertTrue(peer.description().length() > kind.title().length(), peer.description());
    }
  }

  @ParameterizedTest
  @EnumSource(Peer.Kind.class)
  void shouldComplainAboutAMissingRecordAndFindItOnceItIsPut(Peer.Kind kind) throws IOException {
    assumeRunnable(kind);
    Keys keys = new NumberKeys(COUNT);
    long absent = keys.key(COUNT);
    try (Peer peer = kind.open(settings(keys, false))) {
      Peer.Session session = peer.session();
      session.loadAll(keys.atRandom());
      assertThrows(IllegalStateException.class, () -> session.get(absent));
      session.put(absent);
      session.get(absent);
      peer.session().get(absent);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"BASALT", "LMDB", "ROCKSDB", "XODUS"})
  void shouldCommitInSync(Peer.Kind kind) throws IOException {
    assumeRunnable(kind);
    Keys keys = new NumberKeys(100);
    try (Peer peer = kind.open(settings(keys, true))) {
      Peer.Session session = peer.session();
      session.loadInOrder(keys.inOrder());
      for (int record = 0; record < 20; record++) {
        session.put(keys.key(record));
        session.get(keys.key(record));
      }
      assertEquals(100, session.scan(keys.inOrder()[0], PeerWorkload.SCAN_RECORDS, true));
    }
  }

  private Peer.Settings settings(Keys keys, boolean isSync) throws IOException {
    return new Peer.Settings(Files.createDirectories(directory), CACHE_BYTES, isSync, false, keys);
  }

  private static void assumeRunnable(Peer.Kind kind) {
    if (kind == Peer.Kind.BASALT) {
      for (BlockDeviceProvider provider : Devices.providers()) {
        if (provider.scheme().equals(StoreFile.SCHEME)) {
          assumeTrue(provider.availability().usable(), provider.availability().reason());
        }
      }
    }
  }

  /** Sessions check the values themselves, and of scans that each value is that of its key. */
  private static void compare(Peer.Session session, Keys keys, NavigableMap<byte[], Long> model) {
    Random random = new Random(7);
    for (int step = 0; step < STEPS; step++) {
      long key = keys.key(random.nextInt(keys.count()));
      byte[] bytes = keys.bytes(key);
      switch (random.nextInt(4)) {
        case 0 -> session.put(key);
        case 1 -> session.get(key);
        case 2 ->
            assertEquals(
                Math.min(SCAN_RECORDS, model.tailMap(bytes, true).size()),
                session.scan(key, SCAN_RECORDS, true));
        default ->
            assertEquals(
                Math.min(SCAN_RECORDS, model.headMap(bytes, true).size()),
                session.scan(key, SCAN_RECORDS, false));
      }
    }
    compareEnds(session, keys, model);
  }

  /** Near the ends a scan has fewer records than it may: how many tells where it started. */
  private static void compareEnds(
      Peer.Session session, Keys keys, NavigableMap<byte[], Long> model) {
    long[] ordered = keys.inOrder();
    int most = PeerWorkload.SCAN_RECORDS;
    for (int place : IntStream.concat(IntStream.range(0, 150), tail(ordered.length)).toArray()) {
      Map<byte[], Long> up = model.tailMap(keys.bytes(ordered[place]), true);
      Map<byte[], Long> down = model.headMap(keys.bytes(ordered[place]), true);
      assertEquals(Math.min(most, up.size()), session.scan(ordered[place], most, true));
      assertEquals(Math.min(most, down.size()), session.scan(ordered[place], most, false));
    }
  }

  private static IntStream tail(int count) {
    return IntStream.range(count - 150, count);
  }

  private static Keys text() {
    Random random = new Random(3);
    NavigableMap<byte[], Long> distinct = new TreeMap<>(Arrays::compareUnsigned);
    while (distinct.size() < COUNT) {
      byte[] key = new byte[1 + random.nextInt(200)];
      random.nextBytes(key);
      distinct.put(key, 0L);
    }
    return new TextKeys(List.copyOf(distinct.keySet()));
  }
}
