// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * A peer in its JVM. The first round is the load, in random order, its sample's bytes the space
 * taken; each later one is of the workload named last. Every 16th operation is timed.
 *
 * <p>Arguments: the peer, an empty directory, the number of records, the bytes of its cache.
 */
final class PeerWorker implements Worker {
  private static final int BATCH = 16;
  private static final int WARM_UP_COUNT = 1_000_000;
  private static final double THETA = 0.99;
  private static final long LATENCY_NANOS_MAX = 10_000_000_000L;

  private final Meter meter = new Meter();
  private final List<Caller> callers = new ArrayList<>();
  private final LongAdder completed = new LongAdder();
  private Path directory = Path.of("");
  private Peer.Kind kind = Peer.Kind.BASALT;
  private long cacheBytes;
  private int count;
  private @Nullable Peer peer;
  private @Nullable Zipf zipf;
  private @Nullable PeerWorkload workload;

  @Override
  public void prepare(String[] arguments) throws IOException {
    directory = Path.of(arguments[1]);
    count = Integer.parseInt(arguments[2]);
    kind = Peer.Kind.valueOf(arguments[0]);
    cacheBytes = Long.parseLong(arguments[3]);
    Peer opened = kind.open(directory, cacheBytes);
    peer = opened;
    zipf = new Zipf(count, THETA);
    System.err.println(arguments[0] + ": " + opened.description());
  }

  @Override
  public void use(String name) {
    workload = PeerWorkload.valueOf(name);
  }

  @Override
  public Sample round(long nanos, int threads) throws IOException {
    if (workload == null) {
      return load();
    }
    caller(threads - 1);
    long deadline = System.nanoTime() + nanos;
    meter.start();
    if (threads == 1) {
      return withLatency(meter.stop(caller(0).runUntil(deadline)));
    }
    completed.reset();
    VirtualThreads.run(threads, index -> completed.add(callers.get(index).runUntil(deadline)));
    return withLatency(meter.stop(completed.sum()).withAllocatedBytes(Sample.UNKNOWN));
  }

  private Sample load() throws IOException {
    warmUp();
    Peer target = Objects.requireNonNull(peer);
    Peer.Session session = target.session();
    long[] keys = Records.keys(count);
    meter.start();
    for (int from = 0; from < count; from += Peer.LOAD_BATCH) {
      session.load(keys, from, Math.min(count, from + Peer.LOAD_BATCH));
    }
    Sample sample = meter.stop(count);
    target.endLoad();
    return sample.withBytes(spaceBytes(), 0);
  }

  /** Lets the JVM compile the code on another store, whose files stay until the end. */
  private void warmUp() throws IOException {
    Path other = Files.createDirectory(directory.resolveSibling(directory.getFileName() + ".warm"));
    long[] keys = Records.keys(Math.min(count, WARM_UP_COUNT));
    try (Peer warm = kind.open(other, cacheBytes)) {
      Peer.Session session = warm.session();
      for (int from = 0; from < keys.length; from += Peer.LOAD_BATCH) {
        session.load(keys, from, Math.min(keys.length, from + Peer.LOAD_BATCH));
      }
    }
  }

  /** What the files take on the disk, holes left out. */
  private long spaceBytes() throws IOException {
    Process du = new ProcessBuilder("du", "-sk", directory.toString()).start();
    String answer = new String(du.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return Long.parseLong(answer.split("\\s+", -1)[0]) << 10;
  }

  private Sample withLatency(Sample sample) {
    Histogram latency = new Histogram(2);
    for (Caller caller : callers) {
      latency.add(caller.latency);
      caller.latency.reset();
    }
    return sample.withLatency(Latency.of(latency));
  }

  private Caller caller(int index) {
    while (callers.size() <= index) {
      callers.add(new Caller(Objects.requireNonNull(peer).session(), callers.size()));
    }
    return callers.get(index);
  }

  @Override
  public void close() throws IOException {
    if (peer != null) {
      peer.close();
    }
  }

  /** One thread's calls. */
  private final class Caller {
    private final Peer.Session session;
    private final Histogram latency = new Histogram(LATENCY_NANOS_MAX, 2);
    private long random;

    Caller(Peer.Session session, int seed) {
      this.session = session;
      random = Records.key(seed + 1L);
    }

    long runUntil(long deadline) {
      PeerWorkload running = Objects.requireNonNull(workload);
      long done = 0;
      long start = System.nanoTime();
      while (start < deadline) {
        running.run(session, next(running), random);
        latency.recordValue(Math.min(System.nanoTime() - start, LATENCY_NANOS_MAX));
        for (int i = 1; i < BATCH; i++) {
          running.run(session, next(running), random);
        }
        done += BATCH;
        start = System.nanoTime();
      }
      return done;
    }

    private long next(PeerWorkload running) {
      random = Records.nextRandom(random);
      long mixed = random * 0x9E3779B97F4A7C15L;
      boolean isZipf = running == PeerWorkload.READ_ZIPF;
      return Records.key(
          isZipf ? Objects.requireNonNull(zipf).rank(mixed) : Records.below(random, count));
    }
  }
}
