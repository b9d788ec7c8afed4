// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * A peer in its JVM. A round of a {@link PeerLoad} opens a new store and deletes the one before;
 * without a time it loads all, with one a million records at most, for the JVM to compile. Its
 * sample's bytes are the space taken. A round of a {@link PeerWorkload} goes to the store loaded
 * last.
 *
 * <p>Arguments: the peer, an empty directory, the bytes of its cache, {@code sync} or {@code
 * no-sync}, {@code direct} or {@code cached}, the source of keys and how many.
 */
final class PeerWorker implements Worker {
  static final String SYNC = "sync";
  static final String NO_SYNC = "no-sync";
  static final String DIRECT = "direct";
  static final String CACHED = "cached";
  private static final double THETA = 0.99;
  private static final int WARM_UP_COUNT = 1_000_000;

  private final Meter meter = new Meter();
  private final List<PeerCaller> callers = new ArrayList<>();
  private final LongAdder completed = new LongAdder();
  private final AtomicLong recordCount = new AtomicLong();
  private Peer.Kind kind = Peer.Kind.BASALT;
  private int storeCount;
  private String what = "";
  private Peer.@Nullable Settings settings;
  private Peer.@Nullable Settings current;
  private PeerCaller.@Nullable Shared shared;
  private @Nullable Peer peer;

  @Override
  public void prepare(String[] arguments) throws IOException {
    kind = Peer.Kind.valueOf(arguments[0]);
    Keys keys = Keys.of(arguments[5], Integer.parseInt(arguments[6]));
    settings =
        new Peer.Settings(
            Path.of(arguments[1]),
            Long.parseLong(arguments[2]),
            arguments[3].equals(SYNC),
            arguments[4].equals(DIRECT),
            keys);
    shared = new PeerCaller.Shared(keys, new Zipf(keys.count(), THETA), recordCount);
    open();
  }

  private Peer open() throws IOException {
    closePeer();
    Peer.Settings all = Objects.requireNonNull(settings);
    Peer.Settings next =
        all.in(Files.createDirectory(all.directory().resolve("store-" + storeCount++)));
    Peer opened = kind.open(next);
    current = next;
    peer = opened;
    recordCount.set(all.keys().count());
    return opened;
  }

  private void closePeer() throws IOException {
    callers.clear();
    if (peer != null) {
      peer.close();
      peer = null;
    }
    if (current != null) {
      Directories.delete(current.directory());
      current = null;
    }
  }

  @Override
  public String describe() {
    return Objects.requireNonNull(peer).description();
  }

  @Override
  public void use(String name) {
    what = name;
  }

  @Override
  public Sample round(long nanos, int threads) throws IOException {
    for (PeerLoad load : PeerLoad.values()) {
      if (load.name().equals(what)) {
        return load(load, nanos > 0 ? WARM_UP_COUNT : Integer.MAX_VALUE);
      }
    }
    return call(PeerWorkload.valueOf(what), nanos, threads);
  }

  private Sample load(PeerLoad how, int countMax) throws IOException {
    Peer target = open();
    Peer.Session session = target.session();
    Peer.Settings opened = Objects.requireNonNull(current);
    boolean isOrdered = how == PeerLoad.ORDERED_LOAD;
    long[] all = isOrdered ? opened.keys().inOrder() : opened.keys().atRandom();
    long[] keys = all.length > countMax ? Arrays.copyOf(all, countMax) : all;
    Traffic before = target.traffic();
    meter.start();
    if (isOrdered) {
      session.loadInOrder(keys);
    } else {
      session.loadAll(keys);
    }
    Sample sample = meter.stop(keys.length);
    target.endLoad();
    return withStoreTraffic(sample, before).withBytes(target.spaceBytes(opened.directory()), 0);
  }

  private Sample call(PeerWorkload workload, long nanos, int threads) throws IOException {
    if (workload.inserts() && threads > 1) {
      throw new IllegalArgumentException(workload + " has one caller, not " + threads);
    }
    caller(threads - 1); // all of them, before the clock runs
    Traffic before = Objects.requireNonNull(peer).traffic();
    long deadline = System.nanoTime() + nanos;
    meter.start();
    if (threads == 1) {
      Sample sample = meter.stop(caller(0).runUntil(deadline, workload));
      return withLatency(withStoreTraffic(sample, before));
    }
    completed.reset();
    CallerThreads.run(
        CallerThreads.ofCount(threads),
        threads,
        index -> completed.add(callers.get(index).runUntil(deadline, workload)));
    Sample sample = meter.stop(completed.sum()).withAllocatedBytes(Sample.UNKNOWN);
    return withLatency(withStoreTraffic(sample, before));
  }

  private Sample withStoreTraffic(Sample sample, @Nullable Traffic before) {
    Traffic after = Objects.requireNonNull(peer).traffic();
    Usage usage = sample.usage();
    return before == null || after == null || usage == null
        ? sample
        : sample.withUsage(usage.withStore(after.since(before)));
  }

  private Sample withLatency(Sample sample) {
    Histogram latency = new Histogram(2);
    callers.forEach(caller -> caller.drainLatency(latency));
    return sample.withLatency(Latency.of(latency));
  }

  private PeerCaller caller(int index) {
    while (callers.size() <= index) {
      callers.add(
          new PeerCaller(
              Objects.requireNonNull(peer).session(),
              Objects.requireNonNull(shared),
              callers.size()));
    }
    return callers.get(index);
  }

  @Override
  public void close() throws IOException {
    closePeer();
  }
}
